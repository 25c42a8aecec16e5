import assert from "node:assert/strict";
import * as vscode from "vscode";

describe("the extension", () => {
  it("activates and leaves the sidecar off", async () => {
    const extension = vscode.extensions.getExtension("refract.refract");
    assert.ok(extension, "VS Code knows the extension");
    await extension.activate();
    const commands = await vscode.commands.getCommands(true);
    for (const { command } of extension.packageJSON.contributes.commands as { command: string }[]) {
      assert.ok(commands.includes(command), `${command} is registered`);
    }
  });
});
