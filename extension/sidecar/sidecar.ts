import * as vscode from "vscode";
import { RefractError } from "../../shared/errors.ts";
import type { ProtocolClient } from "../../shared/protocol/client.ts";
import type { Progress } from "../../shared/protocol/frames.ts";
import type { RefractClient } from "../../shared/protocol/interface.ts";
import { Disposable } from "../disposable.ts";
import { readSettings } from "../settings.ts";
import type { RunningChild } from "./child.ts";
import type { SidecarState } from "./sidecar-state.ts";

/** Waits between attempts to reach a sidecar that was lost: half a minute for a tunnel to come back. */
const RETRY_DELAYS = [100, 200, 500, 1000, 2000, 4000, 8000, 16_000];

/** Where the token of a remote sidecar is kept. */
const TOKEN_SECRET = "refract.sidecar.token";

/** A sidecar that ends more often than this within `CRASH_WINDOW_MS` is not started again by itself. */
const MOST_CRASHES = 3;
const CRASH_WINDOW_MS = 120_000;

/** What a call's progress says while the model isn't ready, in their order. */
const LOADING = ["checking the cut model", "loading weights"];

interface Connection {
  client: ProtocolClient;
  child: RunningChild | null;
}

/** The sidecar as the extension sees it: started on first use, started again after a crash, ended with VS Code. */
export class Sidecar extends Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = this.register(new vscode.EventEmitter<SidecarState>());
  readonly #gone = this.register(new vscode.EventEmitter<void>());
  #state: SidecarState = { kind: "off" };
  #connection: Promise<Connection> | null = null;
  #crashes: number[] = [];
  #lastReady: SidecarState = { kind: "off" };

  readonly onDidChangeState = this.#changed.event;
  /** The process that held the models is gone; what was open there is open no more. */
  readonly onDidLose = this.#gone.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    super();
    this.#context = context;
    this.#log = log;
    if (!vscode.workspace.isTrusted) this.#state = { kind: "restricted" };
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => this.setState({ kind: "off" })));
    this.register(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration("refract.dictionaryBudget") || !this.running) return;
        this.#sendBudget().catch((error: unknown) => log.warn(`dictionary budget: ${String(error)}`));
      }),
    );
  }

  get state(): SidecarState {
    return this.#state;
  }

  /** The child's process id, for tests of what happens when it dies; `null` without a child. */
  async pid(): Promise<number | null> {
    return (await this.#connection)?.child?.pid ?? null;
  }

  setState(state: SidecarState): void {
    this.#state = state;
    if (state.kind === "ready") this.#lastReady = state;
    this.#log.debug(`sidecar: ${JSON.stringify(state)}`);
    this.#changed.fire(state);
  }

  /** Runs a call on a model. As long as it waits for the model's weights the status item says how far they are. */
  async whileLoading<T>(model: string, call: (onProgress: (progress: Progress) => void) => Promise<T>): Promise<T> {
    const end = () => {
      if (this.#state.kind === "loading") this.setState(this.#lastReady);
    };
    try {
      return await call(({ stage, fraction }) => {
        if (!LOADING.includes(stage) || (stage === LOADING.at(-1) && fraction === 1)) end();
        else this.setState({ kind: "loading", model, stage, fraction });
      });
    } finally {
      end();
    }
  }

  /** Whether a call could be made without starting anything. */
  get running(): boolean {
    return this.#state.kind === "ready" || this.#state.kind === "loading";
  }

  /** The client; starts the sidecar where none runs. Throws `untrusted` in a restricted workspace. */
  async client(): Promise<RefractClient> {
    if (!vscode.workspace.isTrusted) {
      throw new RefractError(
        "untrusted",
        "This workspace is restricted: Refract runs no model, plugin or program in it until you trust it.",
      );
    }
    this.#connection ??= this.#start();
    return (await this.#connection).client;
  }

  async restart(): Promise<void> {
    this.#crashes = [];
    await this.stop();
    await this.client();
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    await connection.then(
      ({ client, child }) => {
        client.close("the sidecar was stopped");
        child?.stop();
      },
      (error: unknown) => this.#log.info(`there was nothing to stop: ${String(error)}`),
    );
    this.#gone.fire();
    this.setState({ kind: "off" });
  }

  async setToken(token: string): Promise<void> {
    await this.#context.secrets.store(TOKEN_SECRET, token);
  }

  override dispose(): void {
    void this.#connection?.then(
      ({ client, child }) => {
        client.close("VS Code closes");
        child?.stop();
      },
      () => undefined,
    );
    super.dispose();
  }

  /** A change of the budget holds at once, for what is loaded too. */
  async #sendBudget(): Promise<void> {
    const client = await this.client();
    await client.request("dictionaries.budget", { megabytes: readSettings().dictionaryBudget });
  }

  async #start(): Promise<Connection> {
    this.setState({ kind: "starting" });
    try {
      const connection = await this.#open();
      this.setState({ kind: "ready", model: null, provider: null });
      return connection;
    } catch (error) {
      this.#connection = null;
      this.setState({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  async #open(): Promise<Connection> {
    const settings = readSettings();
    const { ProtocolClient } = await import("../../shared/protocol/client.ts");
    const { openSocket } = await import("./open-socket.ts");
    let child: RunningChild | null = null;
    let url = settings.url;
    let token: string;
    if (url === "") {
      const { startChild } = await import("./child.ts");
      const threads = settings.threads > 0 ? ["--threads", String(settings.threads)] : [];
      child = await startChild({
        runtime: settings.nodePath === "" ? process.execPath : settings.nodePath,
        script: this.#context.asAbsolutePath("dist/sidecar/refract.mjs"),
        args: [...threads, "--provider", settings.provider],
        log: (line) => this.#log.info(line),
        onExit: (why) => this.#childEnded(why),
      });
      ({ url, token } = child);
    } else {
      token = await this.#remoteToken(url);
    }
    const client = new ProtocolClient({
      connect: () => openSocket(url),
      token,
      name: `VS Code (${process.pid})`,
      // A child that is gone won't come back under its address.
      retryDelays: child === null ? RETRY_DELAYS : RETRY_DELAYS.slice(0, 3),
      onState: (state) => {
        if (state.kind === "reconnecting") this.setState({ kind: "reconnecting", why: state.reason });
        else if (state.kind === "connected" && this.#state.kind === "reconnecting") this.setState(this.#lastReady);
        else if (state.kind === "closed" && child === null) this.#remoteLost(state.reason);
      },
    });
    await client.open();
    await client.request("dictionaries.budget", { megabytes: settings.dictionaryBudget });
    return { client, child };
  }

  async #remoteToken(url: string): Promise<string> {
    const stored = await this.#context.secrets.get(TOKEN_SECRET);
    if (stored !== undefined) return stored;
    throw new RefractError(
      "refused",
      `The sidecar at ${url} asks for its token: run "Refract: Set Token of the Remote Sidecar...".`,
    );
  }

  #remoteLost(why: string): void {
    if (this.#connection === null) return;
    this.#connection = null;
    this.#gone.fire();
    this.setState({ kind: "failed", why: `The connection to the sidecar was lost: ${why}.` });
  }

  /** Whoever called the child learns it from the closed client; here it is decided whether it starts again by itself. */
  #childEnded(why: string): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#log.error(`the sidecar is gone: ${why}`);
    void connection.then(({ client }) => client.close(why));
    this.#gone.fire();
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    this.setState({ kind: "failed", why: `The sidecar is gone: ${why}.` });
    if (this.#crashes.length < MOST_CRASHES) {
      this.client().catch((error: unknown) => this.#log.error(`the sidecar did not come back: ${String(error)}`));
    }
  }
}
