import { refused } from "../../../shared/errors.ts";
import type { CutModel } from "../cut/block.ts";
import { cutModel } from "../cut/cut-model.ts";
import { probeProvider } from "../providers/probe-provider.ts";
import { chooseProvider, type ProviderName } from "../providers/provider-table.ts";
import { CheckedModels } from "../run/checked-models.ts";
import type { LoadListener } from "../run/load-progress.ts";
import { ModelEngine } from "../run/model-engine.ts";
import { checkNoOp } from "../run/no-op-check.ts";
import type { EngineOptions } from "./engine-options.ts";

/**
 * Opens a model in this process: reads and cuts it and chooses a provider; no weights are loaded before the first call, which also holds the
 * spliced model to the untouched one, unless that is remembered.
 * Refused: files that are no model the engine can run, a provider that there is not or that does not start.
 */
export async function openModel(
  options: EngineOptions,
  onLoading: LoadListener = () => undefined,
): Promise<ModelEngine> {
  const { candidates } = chooseProvider(options.provider, `${process.platform}-${process.arch}`);
  const cut = cutModel(options.path, options.blocks === null ? {} : { blocks: options.blocks });
  const { provider, warnings } = await firstThatStarts(candidates);
  const settings = { provider, threads: options.threads, dictionaryBudget: options.dictionaryBudget ?? null };
  return new ModelEngine(
    { ...cut, warnings: [...cut.warnings, ...warnings] },
    { ...settings, onLoading, beforeFirstCall: () => check(cut, provider, options, onLoading) },
  );
}

async function firstThatStarts(
  candidates: readonly ProviderName[],
): Promise<{ provider: ProviderName; warnings: string[] }> {
  const failures: string[] = [];
  const absent: string[] = [];
  for (const provider of candidates) {
    const probe = await probeProvider(provider);
    if (probe.starts) return { provider, warnings: failures };
    // Of `auto`, a provider that was never installed is no news; one that is there and fails is.
    const sentence = `the provider ${provider} does not start on this machine (${probe.reason})`;
    (probe.absent ? absent : failures).push(sentence);
  }
  throw refused(`--provider: ${[...absent, ...failures].join("; ")}; cpu always starts`);
}

async function check(
  cut: CutModel,
  provider: ProviderName,
  { threads, checkedFolder }: EngineOptions,
  onLoading: LoadListener,
): Promise<void> {
  if (checkedFolder === null) return;
  const checked = new CheckedModels(checkedFolder);
  if (checked.has(cut, provider)) return;
  checked.add(cut, provider, await checkNoOp(cut, { provider, threads }, onLoading));
}
