import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import type { OpenModel } from "../../shared/protocol/model-messages.ts";
import { Disposable } from "../disposable.ts";
import { readSettings } from "../settings.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { loadPlugins } from "./load-plugins.ts";

/** Models that were opened before, newest first. */
const RECENT_KEY = "refract.recentModels";
const MOST_RECENT = 10;

/** Names of folders that say how a model was exported and not which one it is. */
const HOW_EXPORTED = /^(onnx|model|cpu|cuda|webgpu|f(p|loat)?(16|32)|bf16|u?int[48]|q[48].*|[0-9a-f]{40})$/i;

/** What a person calls a model: its folder's name, with the one above where it says too little. */
export function modelName(path: string): string {
  if (path === "demo") return "demo";
  const folder = path.replace(/[\\/]+$/, "");
  const name = basename(folder);
  return HOW_EXPORTED.test(name) ? `${basename(dirname(folder))}/${name}` : name;
}

/** Plugin modules of other extensions: paths in their `contributes.refractPlugins`, relative to their folders. */
function contributedPlugins(): string[] {
  return vscode.extensions.all.flatMap(({ packageJSON, extensionPath }) => {
    const manifest = packageJSON as { contributes?: Record<string, unknown> };
    const named = manifest.contributes?.refractPlugins;
    return Array.isArray(named)
      ? named.filter((one) => typeof one === "string").map((one) => join(extensionPath, one))
      : [];
  });
}

/** The models that the sidecar holds, opened on first use. */
export class Models extends Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #sidecar: Sidecar;
  readonly #open = new Map<string, Promise<OpenModel>>();
  readonly #known = new Map<string, OpenModel>();
  /** Whether the sidecar was given any plugins. */
  #hasPlugins = false;
  readonly #changed = this.register(new vscode.EventEmitter<void>());
  /** What was said of plugins that are left out. */
  readonly #told = new Set<string>();

  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext, sidecar: Sidecar) {
    super();
    this.#context = context;
    this.#sidecar = sidecar;
    this.register(
      sidecar.onDidLose(() => {
        this.#open.clear();
        this.#known.clear();
        this.#hasPlugins = false;
        this.#changed.fire();
      }),
    );
  }

  /** Models that are loaded now. */
  get loaded(): readonly OpenModel[] {
    return [...this.#known.values()];
  }

  get recent(): readonly string[] {
    return this.#context.globalState.get<string[]>(RECENT_KEY, []);
  }

  /** Whether the model for a resource is loaded, so that a question about it starts nothing. */
  isLoaded(resource: vscode.Uri | undefined): boolean {
    return this.#sidecar.running && this.#known.has(readSettings(resource).model);
  }

  /** The model for a resource, as its settings say; loads it where it isn't. */
  forResource(resource: vscode.Uri | undefined): Promise<OpenModel> {
    return this.open(readSettings(resource).model);
  }

  /** @param path `demo` or an absolute path. */
  async open(path: string): Promise<OpenModel> {
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const opening = this.#load(path);
    this.#open.set(path, opening);
    try {
      return await opening;
    } catch (error) {
      this.#open.delete(path);
      throw error;
    }
  }

  /** The sidecar, started where none runs, with the plugins that the settings and other extensions name. */
  async client(): ReturnType<Sidecar["client"]> {
    await this.#loadPlugins();
    return this.#sidecar.client();
  }

  /** Asks the sidecar, where one runs, which models it holds: another window may have opened or closed some. */
  async refresh(): Promise<void> {
    if (!this.#sidecar.running) return;
    const client = await this.#sidecar.client();
    const { models } = await client.request("models.list", {});
    this.#known.clear();
    for (const model of models) this.#known.set(model.path, model);
    this.#changed.fire();
  }

  async close(path: string): Promise<void> {
    const client = await this.#sidecar.client();
    await client.request("models.close", { path });
    this.#open.delete(path);
    this.#known.delete(path);
    this.#sidecar.setState({ kind: "ready", model: null, provider: null });
    this.#changed.fire();
  }

  async #load(path: string): Promise<OpenModel> {
    const client = await this.#sidecar.client();
    const name = modelName(path);
    this.#sidecar.setState({ kind: "loading", model: name, stage: "opening", fraction: null });
    try {
      await this.#loadPlugins();
      const model = await client.request(
        "models.open",
        { path },
        {
          onProgress: ({ stage, fraction }) =>
            this.#sidecar.setState({ kind: "loading", model: name, stage, fraction }),
        },
      );
      this.#known.set(path, model);
      this.#sidecar.setState({ kind: "ready", model: name, provider: model.description.provider });
      const others = this.recent.filter((recent) => recent !== path);
      await this.#context.globalState.update(RECENT_KEY, [path, ...others].slice(0, MOST_RECENT));
      this.#changed.fire();
      return model;
    } catch (error) {
      // The sidecar itself may be gone: then its state is already told.
      if (this.#sidecar.state.kind === "loading")
        this.#sidecar.setState({ kind: "ready", model: null, provider: null });
      throw error;
    }
  }

  async #loadPlugins(): Promise<void> {
    const own = readSettings().plugins;
    const contributed = contributedPlugins();
    const any = own.length + contributed.length > 0;
    // Those that were taken out of the settings are to go as well.
    if (!any && !this.#hasPlugins) return;
    const client = await this.#sidecar.client();
    this.#hasPlugins = any;
    const refused = await loadPlugins((paths) => client.request("plugins.load", { paths }), { own, contributed });
    if (refused === null || this.#told.has(refused.message)) return;
    this.#told.add(refused.message);
    void vscode.window.showWarningMessage(`The plugins of other extensions are left out: ${refused.message}`);
  }
}
