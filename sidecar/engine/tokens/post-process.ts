import { refused } from "../../../shared/errors.ts";

/** A node of `tokenizer.json`'s `post_processor`. */
export interface PostProcessorConfig {
  type: string;
  processors?: PostProcessorConfig[];
  single?: ({ SpecialToken: { id: string } } | { Sequence: { id: string } })[];
  special_tokens?: Record<string, { ids: number[] }>;
  sep?: [string, number];
  cls?: [string, number];
}

/** Ids that the tokenizer itself sets before and after a text to which no template was applied. */
export interface Frame {
  before: number[];
  after: number[];
}

/**
 * What surrounds a plain text. As in transformers, `add_bos_token` or `add_eos_token` in `tokenizer_config.json` replaces what
 * `tokenizer.json` says.
 */
export function frameOf(
  config: PostProcessorConfig | null,
  overrides: { add_bos_token?: unknown; add_eos_token?: unknown; bos: number | null; eos: number | null },
  file: string,
): Frame {
  if (typeof overrides.add_bos_token === "boolean" || typeof overrides.add_eos_token === "boolean") {
    return {
      before: overrides.add_bos_token === true && overrides.bos !== null ? [overrides.bos] : [],
      after: overrides.add_eos_token === true && overrides.eos !== null ? [overrides.eos] : [],
    };
  }
  return framePart(config, file);
}

function framePart(config: PostProcessorConfig | null, file: string): Frame {
  if (config === null || config.type === "ByteLevel") return { before: [], after: [] };
  switch (config.type) {
    case "Sequence": {
      const frame: Frame = { before: [], after: [] };
      for (const part of config.processors ?? []) {
        const { before, after } = framePart(part, file);
        frame.before.unshift(...before);
        frame.after.push(...after);
      }
      return frame;
    }
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: config.cls ? [config.cls[1]] : [], after: config.sep ? [config.sep[1]] : [] };
    case "TemplateProcessing": {
      const frame: Frame = { before: [], after: [] };
      let side = frame.before;
      for (const item of config.single ?? []) {
        if ("Sequence" in item) side = frame.after;
        else side.push(...idsOf(item.SpecialToken.id, config, file));
      }
      return frame;
    }
    default:
      throw refused(`${file}: the post_processor "${config.type}" is not supported.`);
  }
}

function idsOf(name: string, config: PostProcessorConfig, file: string): number[] {
  const ids = config.special_tokens?.[name]?.ids;
  if (ids === undefined) throw refused(`${file}: "post_processor.special_tokens" lacks ${JSON.stringify(name)}.`);
  return ids;
}
