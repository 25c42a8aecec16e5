import { dirname, join } from "node:path";
import type { Handlers } from "../../shared/protocol/interface.ts";
import type { OpenModel } from "../../shared/protocol/model-messages.ts";
import { completeSpec } from "../../shared/spec/complete-spec.ts";
import type { Application, LoadedModel } from "../application/application.ts";
import { checkSpec } from "../application/check-spec.ts";
import { compare } from "../application/compare.ts";
import { listConditions } from "../application/conditions.ts";
import { findModels } from "../application/find-models.ts";
import { inspect, inspectCell } from "../application/inspect.ts";
import { listDirections } from "../application/list-directions.ts";
import { modelPath } from "../application/model-path.ts";
import type { OpenPlugins } from "../application/open-plugins.ts";
import { Passes } from "../application/passes.ts";
import { runSpec } from "../application/run-spec.ts";
import { SpecPlugins } from "../application/spec-plugins.ts";
import { openTokenizer } from "../engine/tokens/open-tokenizer.ts";
import { tellLoading } from "./tell-loading.ts";

export interface HandlerContext {
  application: Application;
  plugins: OpenPlugins;
  version: string;
}

function openModel({ name, engine }: LoadedModel): OpenModel {
  return { path: name, description: engine.model };
}

/** Where a model's own directions lie: beside its files; the demo model's are part of the samples around it. */
function ownDirections(model: string): string {
  const folder = modelPath(model, (path) => path);
  return join(model === "demo" ? dirname(folder) : folder, "directions.safetensors");
}

/** The application's calls as the protocol names them. */
export function handlersFor({ application, plugins, version }: HandlerContext): Handlers {
  const passes = new Passes();
  const specPlugins = new SpecPlugins(plugins);
  /** Tokenizers of models that are not loaded: counting tokens loads no model. */
  const tokenizers = new Map<string, ReturnType<typeof openTokenizer>>();

  async function tokenizerOf(name: string) {
    const known = tokenizers.get(name);
    if (known !== undefined) return known;
    const opening = openTokenizer(modelPath(name, (path) => path));
    tokenizers.set(name, opening);
    opening.catch(() => tokenizers.delete(name));
    return opening;
  }

  return {
    "server.info": async () => ({ version, pid: process.pid, node: process.version }),
    "models.find": async () => ({ models: await findModels() }),
    "models.open": async ({ path }, call) => {
      call.progress({ stage: "loading", fraction: null });
      return openModel(await application.openModel(path, { signal: call.signal }));
    },
    "models.list": async () => ({ models: (await application.models()).map(openModel) }),
    "models.close": async ({ path }) => {
      await application.closeModel(path);
      return {};
    },
    "plugins.load": async ({ paths }) => {
      const registry = await plugins.load(paths);
      return { plugins: registry.plugins.map(({ plugin, source }) => ({ name: plugin.name, path: source })) };
    },
    "readings.list": async () => {
      const registry = await plugins.registry();
      const readings = registry.all("readings").map(({ id, label, unit, describe, needs }) => ({
        ...{ id, label, unit, describe },
        needsDirection: needs.direction,
      }));
      return { readings };
    },
    "directions.list": async ({ model, file }) => ({ directions: await listDirections(file, ownDirections(model)) }),
    "tokens.count": async ({ model, prompts }) => {
      const tokenizer = await tokenizerOf(model);
      return { counts: prompts.map(({ messages }) => tokenizer.ledger(messages).ids.length) };
    },
    inspect: async (params, call) => {
      const { signal } = call;
      const registry = await plugins.registry();
      const reading = registry.find("readings", params.reading);
      const model = await application.openModel(params.model, { signal });
      return tellLoading(model, call, () => inspect(params, { model, passes, reading, signal }));
    },
    "inspect.cell": async ({ key, layer, token, top }, { signal }) => {
      const formats = (await plugins.registry()).all("dictionaries");
      return inspectCell(passes.get(key), { layer, token, top }, formats, signal);
    },
    "conditions.list": async ({ file }) => ({ conditions: await listConditions(file) }),
    "spec.check": async ({ path, text }) => checkSpec(path, text, plugins, specPlugins),
    "spec.complete": async ({ path, text, offset }) => {
      const registry = await specPlugins.registry(path, text);
      return { items: completeSpec(text, offset, registry.vocabulary()) };
    },
    run: async (params, call) => runSpec(params, application, plugins.paths, call),
    compare: async (params, call) => {
      const registry = await plugins.registry();
      const model = await application.openModel(params.model, { signal: call.signal });
      const tools = { dictionaryFormats: registry.all("dictionaries") };
      return tellLoading(model, call, () => compare(params, model, tools, call));
    },
  };
}
