import type { Call } from "../../shared/protocol/interface.ts";
import type { LoadedModel } from "../application/application.ts";

/** Runs a call on a model; as long as it waits for the model's weights its client is told how far they are. */
export async function tellLoading<T>({ engine }: LoadedModel, call: Call, run: () => Promise<T>): Promise<T> {
  const stop = engine.onLoading((progress) => call.progress(progress));
  try {
    return await run();
  } finally {
    stop();
  }
}
