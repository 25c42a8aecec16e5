import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { describe, expect, it, vi } from "vitest";
import type { TokenLedger } from "../../../shared/engine/token-ledger.ts";
import { errorText, exitCodeOf } from "../../../sidecar/command-line/exit-code.ts";
import { addTokenizeCommand } from "../../../sidecar/command-line/tokenize.ts";
import { modelFolder, TOKEN_FIXTURES } from "../../support/token-fixtures.ts";

const REFRACT = join(import.meta.dirname, "..", "..", "..", "sidecar", "refract.ts");
const CHATML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const model = await modelFolder("smollm2", { jinja: CHATML });
const files = await mkdtemp(join(tmpdir(), "refract-prompts-"));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command as a user does, in a process of its own, from the folder of the prompt files. */
function inProcess(...args: string[]): Promise<Outcome> {
  const { INIT_CWD: _, ...env } = process.env;
  const options = { cwd: files, env, maxBuffer: 1 << 28 };
  return new Promise((resolveOutcome) => {
    execFile(process.execPath, [REFRACT, "tokenize", ...args], options, (error, stdout, stderr) => {
      resolveOutcome({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

/** Runs the command here: the same program, without a process's start. */
async function tokenize(...args: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: 0, stdout: "", stderr: "" };
  const program = new Command("refract").exitOverride().configureOutput({
    writeErr: (text) => {
      outcome.stderr += text;
    },
  });
  addTokenizeCommand(program, (path) => resolve(files, path));
  const written = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    outcome.stdout += String(text);
    return true;
  });
  try {
    await program.parseAsync(["tokenize", ...args], { from: "user" });
  } catch (error) {
    outcome.code = exitCodeOf(error);
    outcome.stderr += errorText(error) ?? "";
  } finally {
    written.mockRestore();
  }
  return outcome;
}

async function ledgerOf(...args: string[]): Promise<TokenLedger> {
  const { code, stdout, stderr } = await tokenize(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as TokenLedger;
}

async function promptFile(name: string, text: string): Promise<string> {
  await writeFile(join(files, name), text);
  return name;
}

function own({ tokens }: TokenLedger) {
  return tokens.filter(({ role }) => role !== "template");
}

describe("refract tokenize", () => {
  it("shows a text inside its template, generation prompt included", async () => {
    const { ids, tokens, templateHash, warnings, rendered } = await ledgerOf(model, "--text", "hi");
    expect(rendered).toBe("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
    expect(tokens.map(({ text }) => text).join("")).toBe(rendered);
    expect(tokens.map(({ id }) => id)).toEqual(ids);
    expect(
      own({ tokens } as TokenLedger)
        .map(({ text }) => text)
        .join(""),
    ).toBe("hi");
    expect(templateHash).toMatch(/^[0-9a-f]{64}$/);
    expect(warnings).toEqual([]);
  });

  it("is a command of the program: JSON on stdout, or words on stderr and code 2", async () => {
    const [done, refused] = await Promise.all([
      inProcess(model, "--text", "hi", "--raw", "--json"),
      inProcess(join(TOKEN_FIXTURES, "gemma"), "--text", "hi"),
    ]);
    expect({ code: done.code, ids: (JSON.parse(done.stdout) as TokenLedger).ids.length }).toEqual({ code: 0, ids: 2 });
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^\S+tokenizer\.json: the model has no chat template.*\n$/);
  });

  it("applies no template with --raw", async () => {
    const ledger = await ledgerOf(model, "--text", "hi", "--raw");
    expect(ledger.rendered).toBe("hi");
    expect(ledger.templateHash).toBeNull();
  });

  it("keeps what stands in a JSON file, and points into it", async () => {
    const file = await promptFile("a.json", '[{"role":"user","content":"a\\n---\\nb {{c}}"}]');
    const ledger = await ledgerOf(model, "--prompt", file);
    expect(
      own(ledger)
        .map(({ text }) => text)
        .join(""),
    ).toBe("a\n---\nb {{c}}");
    expect(own(ledger).map(({ source }) => source?.line)).toEqual(own(ledger).map(() => 1));
    expect(own(ledger)[0]?.source).toEqual({ line: 1, column: 28, start: 27, end: 28 });
  });

  it("puts a variable's value in once, and points to where the value stands", async () => {
    const file = await promptFile(
      "a.prompt.yml",
      'messages:\n- {role: user, content: "{{doc}}"}\ntestData:\n- doc: "f{{x}} {# y #} {%% z"\n',
    );
    const ledger = await ledgerOf(model, "--prompt", file);
    expect(
      own(ledger)
        .map(({ text }) => text)
        .join(""),
    ).toBe("f{{x}} {# y #} {%% z");
    expect(new Set(own(ledger).map(({ source }) => source?.line))).toEqual(new Set([4]));
  });

  it("reads a row of a CSV file by its number, and says how many there are", async () => {
    const file = await promptFile("p.csv", 'id,text\n1,{"a":"b"}\n2,"x ""y""\nz"\n');
    const ledger = await ledgerOf(model, "--prompt", file, "--raw", "--index", "1");
    expect(ledger.rendered).toBe('x "y"\nz');
    expect(ledger.warnings.join()).toContain("holds 2 prompts; this is number 1");
  });

  it("reads a file of 256 KB on one line", async () => {
    const file = await promptFile("long.jsonl", JSON.stringify({ text: "ab ".repeat(9e4) }));
    const ledger = await ledgerOf(model, "--prompt", file);
    expect(own(ledger).at(-1)?.source?.end).toBe(9 + 27e4);
  });

  it("writes the day that it is given, and says so", async () => {
    const dated = await modelFolder("smollm2", { jinja: "{{ strftime_now('%d %b %Y') }} {{ messages[0].content }}" });
    const ledger = await ledgerOf(dated, "--text", "hi", "--date", "2026-01-31");
    expect(ledger.rendered).toBe("31 Jan 2026 hi");
    expect(ledger.warnings.join()).toContain("depends on the day");
  });

  it.each([
    ["no input", [model], /either --text or --prompt/],
    ["a model without a template", [join(TOKEN_FIXTURES, "gemma"), "--text", "hi"], /has no chat template.*--raw/],
    ["a model without a tokenizer", [files, "--text", "hi"], /no tokenizer\.json/],
    ["a day that is none", [model, "--text", "hi", "--date", "soon"], /expected a day as 2026-01-31/],
    ["a file that is not there", [model, "--prompt", "none.jsonl"], /none\.jsonl: the prompt file cannot be read/],
    ["a file of another kind", [model, "--prompt", "a.docx"], /not a prompt file by its name; known endings are/],
    ["a number past the end", [model, "--prompt", "p.csv", "--index", "9"], /there is no prompt 9; the file holds 2/],
  ])("refuses %s with code 2, in words, with nothing on stdout", async (_, args, words) => {
    const { code, stdout, stderr } = await tokenize(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("refuses a faulty file with the place of each fault", async () => {
    const file = await promptFile("bad.jsonl", '{"text": "a"}\n{"text": }\n{"id": 3}\n');
    const { code, stderr } = await tokenize(model, "--prompt", file);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /bad\.jsonl:2:10: Not valid JSON.*\n.*bad\.jsonl:3:1: No "text" and no "messages" \(found: id\)/,
    );
  });

  it("refuses a file that is not UTF-8", async () => {
    await writeFile(join(files, "latin.txt"), Buffer.from([0x68, 0xe9]));
    await writeFile(join(files, "wide.txt"), Buffer.from("\uFEFFhi", "utf16le"));
    expect((await tokenize(model, "--prompt", "latin.txt")).stderr).toContain("not UTF-8");
    expect((await tokenize(model, "--prompt", "wide.txt")).stderr).toContain("is UTF-16");
  });
});
