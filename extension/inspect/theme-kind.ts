import * as vscode from "vscode";
import type { ThemeKind } from "./profile-picture.ts";

/** The window's theme in the words that pictures and styles use. */
export function themeKind(): ThemeKind {
  switch (vscode.window.activeColorTheme.kind) {
    case vscode.ColorThemeKind.Light:
      return "light";
    case vscode.ColorThemeKind.Dark:
      return "dark";
    case vscode.ColorThemeKind.HighContrastLight:
      return "high-contrast-light";
    case vscode.ColorThemeKind.HighContrast:
      return "high-contrast-dark";
  }
}
