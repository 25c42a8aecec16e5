/** The colours that a canvas needs, read from VS Code's own. */
export interface Theme {
  kind: "light" | "dark" | "high-contrast";
  foreground: string;
  muted: string;
  background: string;
  /** Focus rings and the shared cursor. */
  focus: string;
  font: string;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const variable = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const classes = document.body.classList;
  const highContrast = classes.contains("vscode-high-contrast") || classes.contains("vscode-high-contrast-light");
  const foreground = variable("--vscode-editor-foreground", style.color);
  return {
    kind: highContrast ? "high-contrast" : classes.contains("vscode-light") ? "light" : "dark",
    foreground,
    muted: highContrast ? foreground : variable("--vscode-descriptionForeground", foreground),
    background: variable("--vscode-editor-background", style.backgroundColor),
    focus: variable("--vscode-focusBorder", foreground),
    font: variable("--vscode-editor-font-family", "monospace"),
  };
}

/** Calls back after each switch of theme: VS Code changes the body's classes and the root's variables. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-kind"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
}
