import { WebSocket } from "ws";
import { RefractError } from "../../shared/errors.ts";
import type { FrameSocket } from "../../shared/protocol/frame-socket.ts";

/** A server that says nothing for so long (it pings every 10 s) is taken for lost: a tunnel can hang without closing. */
const SILENCE_MS = 35_000;

/** Opens the WebSocket to a sidecar, e.g. `ws://127.0.0.1:41234`. Throws `disconnected` where nothing answers. */
export function openSocket(url: string): Promise<FrameSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1024 * 1024 * 1024 });
    let opened = false;
    let silence: NodeJS.Timeout | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.terminate(), SILENCE_MS);
    };
    const messageListeners: ((bytes: Uint8Array) => void)[] = [];
    const closeListeners: ((reason: string) => void)[] = [];
    socket.on("open", () => {
      opened = true;
      heard();
      resolve({
        send: (bytes) => socket.send(bytes),
        close: () => socket.close(),
        onMessage: (listener) => messageListeners.push(listener),
        onClose: (listener) => closeListeners.push(listener),
      });
    });
    socket.on("ping", heard);
    socket.on("message", (data: Buffer) => {
      heard();
      for (const listener of messageListeners) listener(data);
    });
    let problem = "";
    socket.on("error", (error) => {
      problem = error.message;
      if (!opened) reject(new RefractError("disconnected", `No sidecar answers at ${url}.`, { cause: error }));
    });
    socket.on("close", (_code, reason) => {
      clearTimeout(silence);
      for (const listener of closeListeners) listener(problem === "" ? reason.toString() : problem);
    });
  });
}
