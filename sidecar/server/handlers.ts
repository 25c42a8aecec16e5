import { dirname, join } from "node:path";
import { RefractError } from "../../shared/errors.ts";
import type { Handlers } from "../../shared/protocol/interface.ts";
import type { OpenModel } from "../../shared/protocol/model-messages.ts";
import { completeSpec } from "../../shared/spec/complete-spec.ts";
import type { Application, LoadedModel } from "../application/application.ts";
import { checkSpec } from "../application/check-spec.ts";
import { compare } from "../application/compare.ts";
import { listConditions } from "../application/conditions.ts";
import { DictionaryTrust } from "../application/dictionary-trust.ts";
import { describeFeature } from "../application/features/describe-feature.ts";
import { featureFiring } from "../application/features/feature-firing.ts";
import { NO_LABELS, readFeatureLabels } from "../application/features/feature-labels.ts";
import { FEATURES_READING, featureReading, gapsOf } from "../application/features/feature-reading.ts";
import { followFeature } from "../application/features/follow-feature.ts";
import { searchFeatures } from "../application/features/search-features.ts";
import { strongestFeatures } from "../application/features/strongest-features.ts";
import { describeSuite } from "../application/features/suite-features.ts";
import { writeFeatureVectors } from "../application/features/write-feature-vectors.ts";
import { findModels } from "../application/find-models.ts";
import { type CellFeatures, inspect, inspectCell } from "../application/inspect.ts";
import { listDirections } from "../application/list-directions.ts";
import { meantDictionaries } from "../application/meant-dictionaries.ts";
import { suiteOf } from "../application/model-dictionaries.ts";
import { modelPath } from "../application/model-path.ts";
import type { OpenPlugins } from "../application/open-plugins.ts";
import { Passes } from "../application/passes.ts";
import { runSpec } from "../application/run-spec.ts";
import { dictionariesOfSpec } from "../application/spec-dictionaries.ts";
import { SpecPlugins } from "../application/spec-plugins.ts";
import { openTokenizer } from "../engine/tokens/open-tokenizer.ts";
import { reportHtml } from "../runs/write-report.ts";
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
  const trust = new DictionaryTrust();
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

  const suiteFor = async (model: LoadedModel, path: string | null) =>
    suiteOf(model, path, (await plugins.registry()).all("dictionaries"));

  async function cellFeatures(model: LoadedModel, path: string | null, labels: string | null): Promise<CellFeatures> {
    try {
      return { suite: await suiteFor(model, path), labels: await readFeatureLabels(labels), note: "" };
    } catch (error) {
      if (!(error instanceof RefractError)) throw error;
      return { suite: [], labels: NO_LABELS, note: error.message };
    }
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
      const model = await application.openModel(params.model, { signal });
      if (params.reading === FEATURES_READING) {
        const features = params.features ?? [];
        const suite = await suiteFor(model, params.dictionaries);
        const note = gapsOf(features, suite, model.engine.model.layers);
        const reading = featureReading(features, suite);
        return tellLoading(model, call, () => inspect(params, { model, passes, reading, note, signal }));
      }
      const reading = (await plugins.registry()).find("readings", params.reading);
      return tellLoading(model, call, () => inspect(params, { model, passes, reading, note: "", signal }));
    },
    "inspect.cell": async ({ key, layer, token, top, dictionaries, labels }, { signal }) => {
      const pass = passes.get(key);
      const features = await cellFeatures(pass.model, dictionaries, labels);
      return inspectCell(pass, { layer, token, top }, features, signal);
    },
    "features.suite": async ({ model, dictionaries }) =>
      describeSuite(await suiteFor(await application.openModel(model), dictionaries)),
    "features.search": async ({ model, dictionaries, labels, query, limit }) => {
      const suite = await suiteFor(await application.openModel(model), dictionaries);
      return searchFeatures(suite, await readFeatureLabels(labels), { query, limit, labelled: labels !== null });
    },
    "features.strongest": async ({ key, dictionaries, layer, count, only = null, labels }, { signal }) => {
      const pass = passes.get(key);
      const suite = await suiteFor(pass.model, dictionaries);
      const request = { layer, count, only, suite, labels: await readFeatureLabels(labels) };
      return strongestFeatures(pass, request, signal);
    },
    "features.describe": async (params, { signal }) => {
      const { key, layer, feature, dictionaries, labels, directions, refusalTokens } = params;
      const pass = passes.get(key);
      const request = {
        ...{ layer, feature, refusalTokens },
        suite: await suiteFor(pass.model, dictionaries),
        labels: await readFeatureLabels(labels),
        directions: await listDirections(directions, ownDirections(pass.model.name)),
      };
      return describeFeature(pass, request, signal);
    },
    "features.follow": async ({ model, dictionaries, labels, layer, feature }, { signal }) => {
      const suite = await suiteFor(await application.openModel(model), dictionaries);
      const named = await readFeatureLabels(labels);
      const way = await followFeature(suite, { layer, feature }, { signal });
      return { way: way.map(({ cosine, ...one }) => ({ ...named.named(one), cosine })) };
    },
    "features.firing": async ({ model, dictionaries, layer, feature, prompts }, call) => {
      const open = await application.openModel(model, { signal: call.signal });
      return featureFiring(open, { layer, feature, suite: await suiteFor(open, dictionaries), prompts }, call);
    },
    "features.write": async ({ model, dictionaries, features, file }) => {
      const open = await application.openModel(model);
      const { dModel } = open.engine.model;
      return writeFeatureVectors(await suiteFor(open, dictionaries), features, { file, dModel });
    },
    "dictionaries.trust": async ({ of, prompts }, { signal }) => {
      const meant = await meantDictionaries(of, application, { plugins, specPlugins }, signal);
      if (meant === null) return { model: "", dictionaries: [] };
      const { model, dictionaries } = meant;
      const sample = prompts.length > 0 ? prompts.map(({ messages }) => messages) : meant.prompts;
      return { model: model.name, dictionaries: await trust.measure(model, dictionaries, sample, { signal }) };
    },
    "dictionaries.budget": async ({ megabytes }) => {
      await application.setDictionaryBudget(megabytes * 1024 ** 2);
      return {};
    },
    "conditions.list": async ({ file }) => ({ conditions: await listConditions(file) }),
    "spec.check": async ({ path, text }) => checkSpec(path, text, plugins, specPlugins),
    "spec.complete": async ({ path, text, offset }) => {
      const registry = await specPlugins.registry(path, text);
      return { items: completeSpec(text, offset, registry.vocabulary()) };
    },
    run: async (params, call) => {
      const named = await dictionariesOfSpec(params.spec, specPlugins);
      if (named !== null) {
        const model = await application.openModel(named.model, { signal: call.signal });
        const wanted = { prompts: named.prompts, confirmed: params.confirmedDictionaries };
        await trust.require(model, named.dictionaries, wanted, { signal: call.signal });
      }
      return runSpec(params, application, plugins.paths, call);
    },
    "run.report": async ({ folder }) => ({ html: reportHtml(folder) }),
    compare: async (params, call) => {
      const registry = await plugins.registry();
      const model = await application.openModel(params.model, { signal: call.signal });
      const tools = { dictionaryFormats: registry.all("dictionaries"), trust };
      return tellLoading(model, call, () => compare(params, model, tools, call));
    },
  };
}
