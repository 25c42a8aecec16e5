import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { refused } from "../../../shared/errors.ts";

/** The files of a model: the graph, and the folders where its configuration and tokenizer are looked for. */
export interface ModelLocation {
  /** The .onnx file. */
  graph: string;
  /** The folder that the model was opened by, then the graph's own. */
  folders: string[];
}

/**
 * Finds the graph: in a folder `model.onnx`, `onnx/model.onnx` or the only `*.onnx` file there or in `onnx/`; or a path to an .onnx file, whose
 * configuration may lie one folder above where it is in a folder `onnx`.
 */
export function locateModel(path: string): ModelLocation {
  if (!existsSync(path)) {
    throw refused(`${path} does not exist; a model is a folder with an .onnx file, or such a file.`);
  }
  if (!statSync(path).isDirectory()) {
    const folder = dirname(path);
    return { graph: path, folders: [folder, dirname(folder)] };
  }
  for (const name of ["model.onnx", join("onnx", "model.onnx")]) {
    const graph = join(path, name);
    if (existsSync(graph)) {
      return { graph, folders: [...new Set([path, dirname(graph)])] };
    }
  }
  for (const folder of [path, join(path, "onnx")]) {
    const graphs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".onnx")) : [];
    if (graphs.length > 1) {
      throw refused(`${folder} has several graphs (${graphs.sort().join(", ")}) and none is model.onnx: name one.`);
    }
    if (graphs[0] !== undefined) {
      return { graph: join(folder, graphs[0]), folders: [...new Set([path, folder])] };
    }
  }
  throw refused(`${path} has no .onnx file; expected model.onnx, onnx/model.onnx or one *.onnx file.`);
}
