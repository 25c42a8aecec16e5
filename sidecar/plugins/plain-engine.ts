import type { Engine } from "../../shared/engine/engine.ts";

/** An engine as data and functions: an instance of a class can't cross into a plugin's thread. It is the application's: no plugin and no experiment closes it. */
export function plainEngine(engine: Engine): Engine {
  return {
    model: engine.model,
    forward: (request, options) => engine.forward(request, options),
    generate: (request, options) => engine.generate(request, options),
    lens: (request, options) => engine.lens(request, options),
    encode: (request, options) => engine.encode(request, options),
    close: async () => {},
  };
}
