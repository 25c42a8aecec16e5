import assert from "node:assert/strict";
import * as vscode from "vscode";
import { lensTitles, openFile, refractApi, until } from "./refract-api.ts";

async function write(path: string, text: string): Promise<vscode.Uri> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder);
  const uri = vscode.Uri.joinPath(folder.uri, path);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
  return uri;
}

describe("prompt files", () => {
  it("have lenses over each prompt; nobody's package.json has any", async () => {
    const { document } = await openFile("start.prompt.md");
    assert.deepEqual((await lensTitles(document.uri, 10)).slice(0, 2), ["Inspect", "Compare"]);
    const manifest = await write("package.json", '{"messages": [{"role": "user", "content": "hi"}]}');
    await vscode.workspace.openTextDocument(manifest);
    assert.deepEqual(await lensTitles(manifest, 10), []);
  });

  it("of 3,200 rows start nothing, however far one scrolls", async () => {
    const api = await refractApi();
    const editor = await openFile("prompts/all.jsonl");
    const titles = await lensTitles(editor.document.uri, 100);
    assert.equal(titles.filter((title) => title === "Inspect").length, 3200);
    for (const line of [500, 1500, 3000]) {
      editor.revealRange(new vscode.Range(line, 0, line, 0));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(api.sidecar.state.kind, "off");
  });

  it("of other kinds count once a command says so", async () => {
    const uri = await write("notes.txt", "I want to repair the fence.\n");
    await openFile("notes.txt");
    assert.deepEqual(await lensTitles(uri, 10), []);
    await vscode.commands.executeCommand("refract.treatAsPromptFile");
    await until(async () => (await lensTitles(uri, 10)).includes("Inspect"), "a lens over the text");
  });

  it("say what is wrong, where", async () => {
    const uri = await write("broken.prompt.yml", "messages:\n- {role: user, content: 'a {{name}} b'}\n");
    await openFile("broken.prompt.yml");
    await until(() => vscode.languages.getDiagnostics(uri).length > 0, "a diagnostic");
    const [diagnostic] = vscode.languages.getDiagnostics(uri);
    assert.match(diagnostic?.message ?? "", /name/);
    assert.equal(diagnostic?.range.start.line, 1);
  });

  it("that a spec names are prompt files", async () => {
    await vscode.workspace.getConfiguration("refract").update("promptFiles", [], vscode.ConfigurationTarget.Workspace);
    const { document } = await openFile("prompts/jailbreak.jsonl");
    await until(
      async () => (await lensTitles(document.uri, 1)).includes("Inspect"),
      "a lens in a file that a spec names",
    );
  });
});
