import type { Command } from "commander";
import { addModelOptions, type ModelOptions, withApplication } from "./model-options.ts";

/** `refract inspect-model`: what is known of a model, without loading its weights. */
export function addInspectModelCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("inspect-model")
    .description("Show a model's layers, hook points, blocks and what is worth knowing of its export.")
    .argument("<model>", "the model's folder, an .onnx file, or demo")
    .option("--json", "print JSON (the only form there is)");
  addModelOptions(command).action((name: string, options: ModelOptions) =>
    withApplication(options, resolve, async (application, signal) => {
      const { engine } = await application.openModel(name, { signal });
      process.stdout.write(`${JSON.stringify(engine.model)}\n`);
    }),
  );
}
