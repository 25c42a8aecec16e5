import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { cutModel, mappedModel } from "../../../../sidecar/engine/cut/cut-model.ts";
import { integerScalar, integerVector } from "../../../../sidecar/engine/read/constant-tensor.ts";
import { makeNode, rewired } from "../../../../sidecar/engine/read/graph-node.ts";
import type { OnnxGraph } from "../../../../sidecar/engine/read/onnx-model.ts";
import { readModel } from "../../../../sidecar/engine/read/read-model.ts";
import { makeValueInfo } from "../../../../sidecar/engine/read/value-info.ts";
import { writeModel } from "../../../../sidecar/engine/read/write-model.ts";
import { fixture, fixtureExports } from "../fixture-models.ts";

const scratch = mkdtempSync(join(tmpdir(), "refract-find-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let copies = 0;

/** A copy of an export with another configuration or graph. */
function changed(
  path: string,
  change: { config?: (config: Record<string, unknown>) => object; graph?: (graph: OnnxGraph) => OnnxGraph },
): string {
  copies += 1;
  const copy = join(scratch, String(copies));
  cpSync(path, copy, { recursive: true });
  if (change.config) {
    const file = join(copy, "config.json");
    writeFileSync(file, JSON.stringify(change.config(JSON.parse(readFileSync(file, "utf8")))));
  }
  if (change.graph) {
    const file = join(copy, "model.onnx");
    const weights = join(copy, "weights.bin");
    cpSync(file, weights);
    const model = readModel(file);
    const initializers = new Map(model.graph.initializers);
    for (const [name, tensor] of initializers) {
      if (tensor.span?.name === "model.onnx") {
        initializers.set(name, { ...tensor, span: { ...tensor.span, path: join(model.weightsFolder, "weights.bin") } });
      }
    }
    writeFileSync(file, writeModel(model, change.graph({ ...model.graph, initializers })));
  }
  return copy;
}

const llama = fixture("llama", "genai-fp32");

describe("what a map says of a model", () => {
  const EXPORTERS: Record<string, string> = {
    genai: "onnxruntime-genai",
    torchscript: "torchscript",
    dynamo: "torch-dynamo",
  };
  const PRECISIONS: Record<string, string> = { fp32: "float32", fp16: "float16", int4: "int4" };

  test.each(fixtureExports())("$name: exporter, cache, precision, architecture", ({ path, export: about, golden }) => {
    const mapped = mappedModel(path);
    expect(mapped.exporter).toBe(EXPORTERS[about.exporter]);
    // a windowed cache is read as a full one
    expect(mapped.kv).toBe(about.kv === "windowed" ? "group-query" : about.kv);
    expect(mapped.precision).toBe(PRECISIONS[about.precision]);
    expect(mapped.configuration.architecture.length).toBeGreaterThan(0);
    expect(mapped.stream.places.flatMap(({ hooks }) => hooks)).toEqual(golden.hookPoints);
  });

  test("a parallel architecture has no middle point", () => {
    expect(cutModel(fixture("neox-parallel", "torchscript")).hookPoints.some((at) => at.startsWith("resid_mid"))).toBe(
      false,
    );
    expect(cutModel(fixture("gpt2", "torchscript")).hookPoints).toContain("resid_mid.0");
  });

  test("end tokens and context length come from the model's own files", () => {
    const path = changed(llama, {
      config: (config) => ({ ...config, eos_token_id: [2, 7], max_position_embeddings: 128 }),
    });
    rmSync(join(path, "generation_config.json"));
    expect(cutModel(path)).toMatchObject({ endTokens: [2, 7], contextLength: 128 });
  });
});

describe("graphs that were changed after their export", () => {
  const llamaDynamo = fixture("llama", "dynamo");
  const places = mappedModel(llamaDynamo).stream.places.map(({ value }) => value);

  test("by Clips in the stream (re-uploads for float16): the hook point is after the Clip, which everything reads", () => {
    const clipped = (graph: OnnxGraph): OnnxGraph => ({
      ...graph,
      nodes: graph.nodes.flatMap((node) => {
        const value = node.outputs[0] ?? "";
        return places.includes(value)
          ? [rewired(node, { outputs: [`${value}/raw`] }), makeNode("Clip", [`${value}/raw`], [value])]
          : [node];
      }),
    });
    const mapped = mappedModel(changed(llamaDynamo, { graph: clipped }));
    expect(mapped.stream.places.map(({ value }) => value)).toEqual(places);
  });

  test("by casts of the stream: the hook point is where the readers part", () => {
    const cast = (graph: OnnxGraph): OnnxGraph => ({
      ...graph,
      nodes: graph.nodes.flatMap((node) => {
        const value = node.outputs[0] ?? "";
        return places.includes(value)
          ? [rewired(node, { outputs: [`${value}/raw`] }), makeNode("Cast", [`${value}/raw`], [value], { to: 1 })]
          : [node];
      }),
    });
    const mapped = mappedModel(changed(llamaDynamo, { graph: cast }));
    expect(mapped.stream.places.map(({ value }) => value)).toEqual(places);
  });

  test("so that nodes no longer stand in order", () => {
    const reversed = (graph: OnnxGraph): OnnxGraph => ({ ...graph, nodes: graph.nodes.toReversed() });
    const mapped = mappedModel(changed(llamaDynamo, { graph: reversed }));
    expect(mapped.stream.places.map(({ value }) => value)).toEqual(places);
  });

  test("by an input that counts the positions with logits, which is fixed to all of them", () => {
    const graph = (from: OnnxGraph): OnnxGraph => ({
      ...from,
      inputs: [...from.inputs, makeValueInfo("num_logits_to_keep", 7, [])],
    });
    const { graph: fixed } = mappedModel(changed(llamaDynamo, { graph })).model;
    expect(fixed.inputs.some(({ name }) => name === "num_logits_to_keep")).toBe(false);
    expect(fixed.initializers.get("num_logits_to_keep")?.dims).toEqual([]);
  });

  test("by an unembedding of the last position alone, which is made one of all of them", () => {
    const graph = (from: OnnxGraph): OnnxGraph => {
      const unembedding = from.nodes.find((node) => node.outputs.includes("logits"));
      if (unembedding === undefined) throw new Error("the fixture has no logits");
      const [x = "", ...weights] = unembedding.inputs;
      const pruned = [
        makeNode("Gather", [x, "minus_one"], ["row"], { axis: 1 }),
        makeNode("Unsqueeze", ["row", "axis"], ["rows"]),
        rewired(unembedding, { inputs: ["rows", ...weights] }),
      ];
      return {
        ...from,
        nodes: [...from.nodes.filter((node) => node !== unembedding), ...pruned],
        initializers: new Map([
          ...from.initializers,
          ["minus_one", integerScalar("minus_one", -1, 0)],
          ["axis", integerVector("axis", [1])],
        ]),
        outputs: from.outputs.map((output) =>
          output.name === "logits" ? makeValueInfo("logits", 1, ["batch_size", 1, 96]) : output,
        ),
      };
    };
    const { graph: whole } = mappedModel(changed(llama, { graph })).model;
    const [before] = readModel(join(llama, "model.onnx")).graph.nodes.filter((node) => node.outputs.includes("logits"));
    const [after] = whole.nodes.filter((node) => node.outputs.includes("logits"));
    expect(after?.inputs).toEqual(before?.inputs);
    expect(whole.outputs.find(({ name }) => name === "logits")?.dims).toEqual(["batch_size", "sequence_length", 96]);
  });

  test("by logits of the last position alone that come about in another way, which is refused", () => {
    const graph = (from: OnnxGraph): OnnxGraph => ({
      ...from,
      outputs: from.outputs.map((output) =>
        output.name === "logits" ? makeValueInfo("logits", 1, ["batch_size", 1, 96]) : output,
      ),
    });
    expect(() => mappedModel(changed(llama, { graph }))).toThrow(/"logits" is of one position alone/);
  });
});

describe("a sliding window", () => {
  test("that the configuration has and the graph has not is a warning with the window", () => {
    const path = changed(llama, { config: (config) => ({ ...config, model_type: "mistral", sliding_window: 8 }) });
    expect(cutModel(path).warnings.join()).toMatch(/sliding window of 8, the graph has none.*beyond 8 tokens/);
  });

  test("that is as long as the context is none", () => {
    const path = changed(llama, {
      config: (config) => ({ ...config, sliding_window: config.max_position_embeddings }),
    });
    expect(cutModel(path).warnings).toEqual([]);
  });

  test.each(["mistral/torchscript", "mistral/dynamo", "gemma3/genai-fp32", "gemma2/torchscript"])(
    "that %s has is none",
    (name) => {
      const [architecture = "", kind = ""] = name.split("/");
      expect(cutModel(fixture(architecture, kind)).warnings).toEqual([]);
    },
  );
});

describe("a configuration that disagrees with the graph is refused with both numbers", () => {
  test.each([
    ["num_hidden_layers", 5, /number of layers is 5, but the graph .* has 4/],
    ["hidden_size", 64, /hidden size is 64, but the graph .* has 32/],
    ["vocab_size", 100, /vocab_size is 100, but the graph .* has 96/],
  ])("%s", (key, value, message) => {
    expect(() => cutModel(changed(llama, { config: (config) => ({ ...config, [key]: value }) }))).toThrow(message);
  });

  test("and one that is no JSON is named", () => {
    const path = changed(llama, {});
    writeFileSync(join(path, "config.json"), "{");
    expect(() => cutModel(path)).toThrow(/config\.json is not JSON/);
  });
});

describe("graphs that the engine does not run are refused in words", () => {
  const without = (name: string) => (graph: OnnxGraph) => ({
    ...graph,
    inputs: graph.inputs.filter((input) => !input.name.startsWith(name)),
  });

  test("a merged decoder", () => {
    const graph = (from: OnnxGraph) => ({
      ...from,
      inputs: [...from.inputs, makeValueInfo("use_cache_branch", 9, [1])],
    });
    expect(() => cutModel(changed(llama, { graph }))).toThrow(/merged decoder.*decoder_with_past_model\.onnx/);
  });

  test("an encoder, by the output it lacks", () => {
    const graph = (from: OnnxGraph) => ({ ...from, outputs: from.outputs.filter(({ name }) => name !== "logits") });
    expect(() => cutModel(changed(llama, { graph }))).toThrow(/is not a text decoder: it has no "logits"/);
  });

  test("a cache with one of its four tensors missing", () => {
    expect(() => cutModel(changed(llama, { graph: without("past_key_values.2.value") }))).toThrow(
      /the cache of layer 2 should be two inputs and two outputs/,
    );
  });

  test("more caches than layers, with the numbers", () => {
    const graph = (from: OnnxGraph): OnnxGraph => ({
      ...from,
      inputs: [
        ...from.inputs,
        ...["key", "value"].map((part) => makeValueInfo(`past_key_values.4.${part}`, 1, [1, 1, "p", 16])),
      ],
      outputs: [
        ...from.outputs,
        ...["key", "value"].map((part) => makeValueInfo(`present.4.${part}`, 1, [1, 1, "p", 16])),
      ],
    });
    expect(() => cutModel(changed(llama, { graph }))).toThrow(
      /has 4 layers, but the graph has 5 pairs of keys and values/,
    );
  });

  test("logits that pass the last layer by", () => {
    const graph = (from: OnnxGraph) => ({
      ...from,
      nodes: from.nodes.map((node) =>
        node.outputs[0] === "logits"
          ? rewired(node, { inputs: ["/model/layers.1/post_attention_layernorm/output_0", ...node.inputs.slice(1)] })
          : node,
      ),
    });
    expect(() => cutModel(changed(llama, { graph }))).toThrow(/"logits" is not computed from the last layer alone/);
  });

  test("a folder without a graph, and one with several", () => {
    const path = changed(llama, {});
    rmSync(join(path, "model.onnx"));
    expect(() => cutModel(path)).toThrow(
      /has no \.onnx file; expected model\.onnx, onnx\/model\.onnx or one \*\.onnx file/,
    );
    for (const name of ["a.onnx", "b.onnx"]) {
      cpSync(join(llama, "model.onnx"), join(path, name));
    }
    expect(() => cutModel(path)).toThrow(/several graphs \(a\.onnx, b\.onnx\)/);
    expect(cutModel(join(path, "a.onnx")).layers).toBe(4);
  });

  test("a number of blocks that the layers do not have", () => {
    expect(() => cutModel(llama, { blocks: 5 })).toThrow(/number of blocks is 5; expected 1 to 4/);
    expect(() => cutModel(llama, { blocks: 0 })).toThrow(/number of blocks is 0/);
  });
});
