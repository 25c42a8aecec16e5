/**
 * Makes the sample workspace's directions and edits file from the demo model itself: `node test/reference/sample-directions.ts`.
 * Difference in means (Arditi et al. 2024) of training prompts, harmful minus matched harmless, at the last prompt token of one layer.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hookPoint } from "../../shared/engine/hook-point.ts";
import { Application, type LoadedModel } from "../../sidecar/application/application.ts";
import { userMessage } from "../../sidecar/engine/tokens/open-tokenizer.ts";
import { writeSafetensors } from "../../sidecar/files/safetensors.ts";

const SAMPLES = join(import.meta.dirname, "..", "..", "extension", "samples");
const CATEGORIES = ["cyber", "fraud", "theft", "weapons"];
const PROMPTS = 48;

/** The truth file says that refusal's knobs are readable at resid_post 3 to 5. */
const AT = hookPoint("resid_post", 4);

interface Row {
  text: string;
  category: string;
  split: string;
}

async function mean(model: LoadedModel, texts: readonly string[]): Promise<Float64Array> {
  const tokenizer = await model.tokenizer();
  const lanes = texts.map((text) => ({
    ids: tokenizer.ledger([userMessage(text)]).ids,
    edits: { rows: [], drops: [] },
  }));
  const captures = [{ at: AT, positions: [-1] }];
  const result = await model.engine.forward({ lanes, captures, logits: "none" });
  const sum = new Float64Array(model.engine.model.dModel);
  for (const row of result.captures[AT] ?? []) {
    for (const [i, value] of row.entries()) sum[i] = (sum[i] ?? 0) + value / texts.length;
  }
  return sum;
}

const application = new Application({ provider: "cpu", threads: null, blocks: null, resolve: (path) => path });
const model = await application.openModel("demo");
const rows = (await readFile(join(SAMPLES, "prompts", "all.jsonl"), "utf8"))
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);
const textsOf = (category: string) =>
  rows
    .filter((row) => row.category === category && row.split === "train")
    .slice(0, PROMPTS)
    .map(({ text }) => text);

const tensors = new Map<string, { dtype: "F32"; shape: number[]; data: Float32Array }>();
for (const category of CATEGORIES) {
  const [harmful, harmless] = [await mean(model, textsOf(category)), await mean(model, textsOf(`${category}_ok`))];
  const data = Float32Array.from(harmful, (value, i) => value - (harmless[i] ?? 0));
  tensors.set(category, { dtype: "F32", shape: [data.length], data });
}
await writeSafetensors(join(SAMPLES, "directions.safetensors"), tensors, {
  at: AT,
  method: "difference in means",
  prompts: `${PROMPTS} harmful and ${PROMPTS} matched harmless training prompts of prompts/all.jsonl each`,
  model: model.engine.model.hash,
});

const EVERYWHERE = ["resid_pre.*", "resid_mid.*", "resid_post.*"];
const file = (name: string) => `directions.safetensors#${name}`;
const conditions = [
  { name: "no-cyber", edits: [{ kind: "ablate", at: EVERYWHERE, vectors: file("cyber") }] },
  { name: "no-fraud", edits: [{ kind: "ablate", at: EVERYWHERE, vectors: file("fraud") }] },
  { name: "push-fraud", edits: [{ kind: "add", at: AT, vector: file("fraud"), scale: 1 }] },
  { name: "no-theft", edits: [{ kind: "ablate", at: EVERYWHERE, vectors: file("theft") }] },
  { name: "no-weapons", edits: [{ kind: "ablate", at: EVERYWHERE, vectors: file("weapons") }] },
];
await writeFile(join(SAMPLES, "refusal.edits.json"), `${JSON.stringify({ conditions }, null, 2)}\n`);
await application.close();
