import { dirname, resolve } from "node:path";
import * as vscode from "vscode";
import type { ParsedPrompts } from "../../shared/prompts/prompt.ts";
import { Disposable } from "../disposable.ts";
import { readSettings } from "../settings.ts";

/** Documents that the user said are prompt files, kept per workspace. */
const CHOSEN_KEY = "refract.chosenPromptFiles";

/** Spec files that are looked into for the prompt files they name. */
const MOST_SPECS = 100;

const ALWAYS = /\.(prompt\.(md|yml|yaml)|prompty)$/i;
const WHERE_TOLD = /\.(json|jsonl|csv|txt)$/i;

interface Parsed {
  version: number;
  prompts: ParsedPrompts;
}

/** Knows which documents are prompt files, and what is in them. Parsing never runs or starts anything. */
export class PromptFiles extends Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #parsed = new WeakMap<vscode.TextDocument, Parsed>();
  readonly #changed = this.register(new vscode.EventEmitter<void>());
  #inSpecs: Promise<Set<string>> | null = null;
  /** What the specs name, once it is known. */
  #named = new Set<string>();

  /** Some document became a prompt file or stopped being one. */
  readonly onDidChangeKinds = this.#changed.event;

  constructor(context: vscode.ExtensionContext) {
    super();
    this.#context = context;
    const specs = this.register(vscode.workspace.createFileSystemWatcher("**/*.refract.yaml"));
    const forget = () => {
      this.#inSpecs = null;
      void this.lookIntoSpecs();
    };
    this.register(specs.onDidChange(forget));
    this.register(specs.onDidCreate(forget));
    this.register(specs.onDidDelete(forget));
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(forget));
    this.register(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("refract.promptFiles")) this.#changed.fire();
      }),
    );
  }

  isPromptFile(document: vscode.TextDocument): boolean {
    const { path } = document.uri;
    if (ALWAYS.test(path)) return true;
    if (!WHERE_TOLD.test(path)) return false;
    if (this.#chosen().includes(document.uri.toString())) return true;
    const globs = readSettings(document.uri).promptFiles;
    if (globs.some((glob) => matches(document, glob))) return true;
    return this.#named.has(document.uri.fsPath);
  }

  /** What the document holds now; read again only when its text has changed. */
  async parse(document: vscode.TextDocument): Promise<ParsedPrompts> {
    const known = this.#parsed.get(document);
    if (known !== undefined && known.version === document.version) return known.prompts;
    const { version } = document;
    const { parsePrompts } = await import("./parse-prompts.ts");
    const prompts = parsePrompts(document.uri.path, document.getText());
    this.#parsed.set(document, { version, prompts });
    return prompts;
  }

  async choose(uri: vscode.Uri): Promise<void> {
    const chosen = this.#chosen();
    if (!chosen.includes(uri.toString()))
      await this.#context.workspaceState.update(CHOSEN_KEY, [...chosen, uri.toString()]);
    this.#changed.fire();
  }

  /** Finds the prompt files that specs name; in a restricted workspace no spec is read. */
  async lookIntoSpecs(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    this.#inSpecs ??= filesInSpecs();
    const named = await this.#inSpecs;
    const grew = [...named].some((path) => !this.#named.has(path));
    this.#named = named;
    if (grew) this.#changed.fire();
  }

  #chosen(): string[] {
    return this.#context.workspaceState.get<string[]>(CHOSEN_KEY, []);
  }
}

function matches(document: vscode.TextDocument, glob: string): boolean {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const pattern = folder === undefined || glob.startsWith("**") ? glob : new vscode.RelativePattern(folder, glob);
  return vscode.languages.match({ pattern }, document) > 0;
}

/** Paths after `file:` under `prompts:`; a whole parse is the sidecar's business, and a file it refuses may name prompts all the same. */
async function filesInSpecs(): Promise<Set<string>> {
  const specs = await vscode.workspace.findFiles("**/*.refract.yaml", "**/node_modules/**", MOST_SPECS);
  const { parse } = await import("yaml");
  const named = new Set<string>();
  for (const uri of specs) {
    const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString("utf8");
    for (const file of promptFilesOf(text, parse)) named.add(resolve(dirname(uri.fsPath), file));
  }
  return named;
}

function promptFilesOf(text: string, parse: (text: string) => unknown): string[] {
  let spec: unknown;
  try {
    spec = parse(text);
  } catch {
    // A spec that is being written is often no YAML; its own diagnostics say so.
    return [];
  }
  const sets = (spec as { prompts?: Record<string, { file?: unknown } | null> } | null)?.prompts ?? {};
  return Object.values(sets).flatMap((set) => (typeof set?.file === "string" ? [set.file] : []));
}
