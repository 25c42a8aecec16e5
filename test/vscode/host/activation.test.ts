import assert from "node:assert/strict";
import * as vscode from "vscode";
import { refractApi } from "./refract-api.ts";

describe("the extension", () => {
  it("activates with every command that its manifest names, and leaves the sidecar off", async () => {
    const api = await refractApi();
    const commands = await vscode.commands.getCommands(true);
    const manifest = vscode.extensions.getExtension("refract.refract")?.packageJSON;
    for (const { command } of manifest.contributes.commands as { command: string }[]) {
      assert.ok(commands.includes(command), `${command} is registered`);
    }
    assert.equal(api.sidecar.state.kind, "off");
  });

  it("names every setting that it reads, with a default", () => {
    const configuration = vscode.workspace.getConfiguration("refract");
    assert.equal(configuration.inspect("model")?.defaultValue, "demo");
    assert.equal(configuration.inspect("sidecar.nodePath")?.defaultValue, "");
  });
});
