import assert from "node:assert/strict";
import * as vscode from "vscode";
import { lensTitles, openFile, refractApi, until } from "./refract-api.ts";

async function hoverAt(document: vscode.TextDocument, offset: number): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    "vscode.executeHoverProvider",
    document.uri,
    document.positionAt(offset),
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((part) => (part as vscode.MarkdownString).value)
    .join("\n");
}

describe("inspecting a prompt", () => {
  it("tints its tokens, and its lens says how likely a refusal is", async function () {
    this.timeout(120_000);
    const api = await refractApi();
    const { document } = await openFile("start.prompt.md");
    const drawn = new Promise<number>((resolve) => {
      const listening = api.view.onDidDraw(({ uri, ranges }) => {
        if (uri !== document.uri.toString()) return;
        listening.dispose();
        resolve(ranges);
      });
    });
    await vscode.commands.executeCommand("refract.inspect", document.uri, 0);
    const [inspected] = api.inspections.of(document.uri);
    assert.ok(inspected, "the prompt is read");
    // The template's first tokens are one attachment, the last ones have one each, and the reading stands behind them.
    const { tokens } = inspected.inspection.ledger;
    const first = tokens.findIndex(({ source }) => source !== undefined);
    assert.ok(first > 1, "the template begins the prompt");
    assert.equal(await drawn, 1 + tokens.length - first + 1);
    const titles = await lensTitles(document.uri, 10);
    assert.ok(
      titles.some((title) => /^refusal [\d.]+$/.test(title)),
      titles.join(" | "),
    );
    assert.ok(titles.includes(`${inspected.inspection.ledger.ids.length} tokens`), titles.join(" | "));
  });

  it("lets a hover tell a token's id, role, profile and next tokens", async () => {
    const api = await refractApi();
    const { document } = await openFile("start.prompt.md");
    const text = await hoverAt(document, document.getText().indexOf("infect") + 2);
    const token = api.inspections
      .of(document.uri)[0]
      ?.inspection.ledger.tokens.find((one) => one.text.includes("infect"));
    assert.match(text, new RegExp(`id ${token?.id}, user`));
    assert.match(text, /surprisal [\d.]+ nats/);
    assert.match(text, /Next, as layer \d+ sees it/);
    assert.match(text, /Top features of layer \d+: \\#\d+ [\d.]+/);
    const picture = /data:image\/svg\+xml;base64,[\w+/=]+/.exec(text)?.[0] ?? "";
    assert.ok(picture.length > 100 && picture.length < 20_000, `a picture of ${picture.length} characters`);
  });

  it("lets the place after the text tell of the template's tokens", async () => {
    const { document } = await openFile("start.prompt.md");
    const end = document.getText().trimEnd().length;
    // They are drawn in the empty line that follows; the end of the text tells of them, too.
    for (const place of [end, end + 1]) {
      const text = await hoverAt(document, place);
      assert.match(text, /template, special/);
      assert.match(text, /position \d+ \(-1\)/);
    }
  });

  it("moves the layer by command, and another reading needs no new pass", async () => {
    const api = await refractApi();
    const { document } = await openFile("start.prompt.md");
    const before = api.cursor.place?.layer ?? 0;
    await vscode.commands.executeCommand("refract.nextLayer");
    assert.equal(api.cursor.place?.layer, before + 1);
    const [first] = api.inspections.of(document.uri);
    await vscode.commands.executeCommand("refract.nextReading");
    const [second] = api.inspections.of(document.uri);
    assert.notEqual(second?.reading.id, first?.reading.id);
    assert.equal(second?.inspection.key, first?.inspection.key);
  });

  it("makes an old reading of it at an edit, and reads it again after a pause", async function () {
    this.timeout(60_000);
    const api = await refractApi();
    const editor = await openFile("start.prompt.md");
    await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), "Hey. "));
    const [edited] = api.inspections.of(editor.document.uri);
    assert.equal(edited?.stale, true);
    const place = edited?.tokens.find(({ token }) => token.text.includes("infect"))?.place;
    assert.equal(editor.document.getText().slice(place?.start, place?.end).trim(), "infect");
    await until(() => api.inspections.of(editor.document.uri)[0]?.stale === false, "the prompt is read again");
    await vscode.commands.executeCommand("undo");
  });

  it("says in words that a prompt is past the context, and typing in its long line stays quick", async function () {
    this.timeout(120_000);
    const api = await refractApi();
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const uri = vscode.Uri.joinPath(folder.uri, "prompts", "long.jsonl");
    await vscode.workspace.fs.writeFile(uri, Buffer.from(`${JSON.stringify({ text: "ab ".repeat(80_000) })}\n`));
    await vscode.workspace
      .getConfiguration("refract")
      .update("promptFiles", ["prompts/*.jsonl"], vscode.ConfigurationTarget.Workspace);
    const editor = await openFile("prompts/long.jsonl");
    const message = await new Promise<string>((resolve) => {
      const listening = api.inspections.onDidChange((event) => {
        if (event.kind !== "failed") return;
        listening.dispose();
        resolve(event.message);
      });
      void vscode.commands.executeCommand("refract.inspect", uri, 0);
    });
    assert.match(message, /has \d+ tokens, more than the model's context of \d+/);
    // Processor time between two ticks and not the clock's: a busy machine stalls everybody, and is not what is tested.
    let longest = 0;
    let last = process.cpuUsage();
    const watch = setInterval(() => {
      const { user, system } = process.cpuUsage(last);
      longest = Math.max(longest, (user + system) / 1000);
      last = process.cpuUsage();
    }, 10);
    for (let i = 0; i < 10; i++) await editor.edit((builder) => builder.insert(new vscode.Position(0, 20), "x"));
    clearInterval(watch);
    assert.ok(longest < 100, `the extension host was held for ${longest.toFixed(0)} ms`);
  });
});
