import { RefractError } from "../../../shared/errors.ts";
import type { CutModel } from "../cut/block.ts";
import { cutModel } from "../cut/cut-model.ts";
import { chooseProvider, type ProviderName } from "../providers/provider-table.ts";
import { CheckedModels } from "../run/checked-models.ts";
import { ModelEngine } from "../run/model-engine.ts";
import { checkNoOp } from "../run/no-op-check.ts";
import type { EngineOptions } from "./engine-options.ts";

/**
 * Opens a model in this process: reads and cuts it, chooses a provider, and holds the spliced model to the untouched one unless that is
 * remembered. Refused: files that are no model the engine can run, a provider that there is not.
 */
export async function openModel(options: EngineOptions): Promise<ModelEngine> {
  const { candidates } = chooseProvider(options.provider, `${process.platform}-${process.arch}`);
  const cut = cutModel(options.path, options.blocks === null ? {} : { blocks: options.blocks });
  const failures: string[] = [];
  for (const [index, provider] of candidates.entries()) {
    try {
      await check(cut, provider, options);
      const warnings = failures.map((failure) => `${failure}; running on ${provider} instead`);
      return new ModelEngine(
        { ...cut, warnings: [...cut.warnings, ...warnings] },
        { provider, threads: options.threads },
      );
    } catch (cause) {
      if (index === candidates.length - 1) throw cause;
      failures.push(`${provider} did not start: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  throw new RefractError("failed", `no provider could run ${options.path}`);
}

async function check(cut: CutModel, provider: ProviderName, { threads, checkedFolder }: EngineOptions): Promise<void> {
  if (checkedFolder === null) return;
  const checked = new CheckedModels(checkedFolder);
  if (checked.has(cut, provider)) return;
  checked.add(cut, provider, await checkNoOp(cut, { provider, threads }));
}
