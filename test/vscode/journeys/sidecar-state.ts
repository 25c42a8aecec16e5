import type { Journey } from "../journey.ts";

/** What the sidecar's state is called in the extension host. */
export function sidecarState(journey: Journey): Promise<string> {
  return journey.host(
    (vscode) => vscode.extensions.getExtension("refract.refract")?.exports.sidecar.state.kind as string,
  );
}

/** Opens a file of the workspace, with the side bars as a person would have them. */
export async function openFile(journey: Journey, path: string): Promise<void> {
  await journey.host(async (vscode, name) => {
    await vscode.commands.executeCommand("workbench.action.closeAuxiliaryBar");
    const [uri] = await vscode.workspace.findFiles(name);
    if (uri !== undefined) await vscode.window.showTextDocument(uri, { preview: false, viewColumn: 1 });
  }, path);
}

/** Presses Inspect over the first prompt and waits for its reading. */
export async function inspectFirst(journey: Journey): Promise<void> {
  const { page } = journey.window;
  await page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  await page
    .locator(".codelens-decoration a", { hasText: /refusal \d/ })
    .first()
    .waitFor();
}

/** Switches the window to a theme. */
export async function setTheme(journey: Journey, theme: string): Promise<void> {
  await journey.host(
    (vscode, to) =>
      vscode.workspace
        .getConfiguration("workbench")
        .update("colorTheme", to, true)
        .then(() => null),
    theme,
  );
}
