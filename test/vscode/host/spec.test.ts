import assert from "node:assert/strict";
import * as vscode from "vscode";
import { lensTitles, openFile, until } from "./refract-api.ts";

async function labelsAfter(document: vscode.TextDocument, text: string): Promise<string[]> {
  const offset = document.getText().indexOf(text) + text.length;
  const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
    "vscode.executeCompletionItemProvider",
    document.uri,
    document.positionAt(offset),
  );
  return items.map(({ label }) => (typeof label === "string" ? label : label.label));
}

describe("a spec", () => {
  it("is completed with what its own plugin adds, which is no problem there", async function () {
    this.timeout(60_000);
    const { document } = await openFile("plugin.refract.yaml");
    const kinds = await labelsAfter(document, "lengths: { kind: ");
    assert.ok(kinds.includes("reply-length"), kinds.join(", "));
    assert.ok(kinds.includes("cross-ablation"), kinds.join(", "));
    assert.ok((await labelsAfter(document, "substrings, ")).includes("blunt"));
    const edit = new vscode.WorkspaceEdit();
    const kind = document.getText().indexOf("reply-length");
    edit.replace(document.uri, new vscode.Range(document.positionAt(kind), document.positionAt(kind + 5)), "rpely");
    await vscode.workspace.applyEdit(edit);
    await until(() => vscode.languages.getDiagnostics(document.uri).length > 0, "a misspelt kind is marked");
    assert.match(vscode.languages.getDiagnostics(document.uri)[0]?.message ?? "", /did you mean "reply-length"/);
    await vscode.commands.executeCommand("undo");
    await until(() => vscode.languages.getDiagnostics(document.uri).length === 0, "the plugin's kind is known");
  });

  it("can be run as a whole, or from each experiment but the first on", async () => {
    const { document } = await openFile("refusal.refract.yaml");
    const titles = await lensTitles(document.uri, 30);
    assert.equal(titles.filter((title) => title === "$(play) Run").length, 1);
    assert.equal(titles.filter((title) => title === "$(play) Run from here").length, 10);
  });
});
