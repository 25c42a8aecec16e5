import { extname } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import { writeSafetensors } from "../files/safetensors.ts";
import { writeControlVector } from "../files/write-control-vector.ts";

/**
 * Writes a component for other programs, by the file's ending: `.safetensors` holds the rows `[k, dModel]` as `vectors` with their place and
 * provenance; `.gguf` is a control vector of llama.cpp, which has room for one direction after a whole layer and for no provenance.
 */
export async function exportComponent(component: Component, architecture: string, out: string): Promise<void> {
  const ending = extname(out);
  if (ending === ".safetensors") return exportSafetensors(component, out);
  if (ending === ".gguf") return exportGguf(component, architecture, out);
  throw refused(`--out: expected a file that ends in .safetensors or .gguf, found ${out}`);
}

async function exportSafetensors({ name, site, layer, vectors, provenance }: Component, out: string): Promise<void> {
  const width = vectors[0]?.length ?? 0;
  const data = new Float32Array(vectors.length * width);
  for (const [at, row] of vectors.entries()) data.set(row, at * width);
  const tensor = { dtype: "F32" as const, shape: [vectors.length, width], data };
  await writeSafetensors(out, new Map([["vectors", tensor]]), {
    name,
    at: `${site}.${layer}`,
    provenance: JSON.stringify(provenance),
  });
}

async function exportGguf(component: Component, architecture: string, out: string): Promise<void> {
  const [vector, ...others] = component.vectors;
  if (vector === undefined || others.length > 0) {
    throw refused(
      `The component ${component.name} has ${component.vectors.length} rows, and a GGUF control vector holds one: write it as safetensors instead.`,
    );
  }
  if (component.site === "resid_mid") {
    throw refused(
      `The component ${component.name} is at resid_mid.${component.layer}, and a GGUF control vector acts after whole layers: write it as safetensors instead.`,
    );
  }
  // resid_pre.L and resid_post.(L-1) are one stream.
  const layer = component.site === "resid_pre" ? component.layer - 1 : component.layer;
  await writeControlVector(out, { architecture, layer, vector });
}
