import { openSocket } from "../../../extension/sidecar/open-socket.ts";
import { type ConnectionState, ProtocolClient } from "../../../shared/protocol/client.ts";
import type { FrameSocket } from "../../../shared/protocol/frame-socket.ts";
import { type Handlers, METHODS } from "../../../shared/protocol/interface.ts";
import { type RunningServer, startServer } from "../../../sidecar/server/server.ts";

export const TOKEN = "the right token";

/** Handlers of which all but the given ones fail. */
export function handlersWith(given: Partial<Handlers>): Handlers {
  const missing = Object.keys(METHODS).map((method) => [
    method,
    () => Promise.reject(new Error(`${method} is no part of this test`)),
  ]);
  return { ...Object.fromEntries(missing), ...given } as Handlers;
}

export async function serve(
  given: Partial<Handlers>,
  times: { heartbeatMs?: number; keepMs?: number } = {},
): Promise<RunningServer & { log: string[] }> {
  const log: string[] = [];
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    token: TOKEN,
    version: "0.0.0-test",
    handlers: handlersWith(given),
    log: (line) => log.push(line),
    heartbeatMs: times.heartbeatMs ?? 10_000,
    keepMs: times.keepMs ?? 2_000,
  });
  return { ...server, log };
}

export interface TestClient {
  client: ProtocolClient;
  states: ConnectionState[];
  /** The sockets that were opened, newest last. */
  sockets: FrameSocket[];
}

export async function connect(port: number, token = TOKEN): Promise<TestClient> {
  const states: ConnectionState[] = [];
  const sockets: FrameSocket[] = [];
  const client = new ProtocolClient({
    connect: async () => {
      const socket = await openSocket(`ws://127.0.0.1:${port}`);
      sockets.push(socket);
      return socket;
    },
    token,
    name: "a test",
    retryDelays: [20, 50, 100],
    onState: (state) => states.push(state),
  });
  await client.open();
  return { client, states, sockets };
}

/** A promise and the function that resolves it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
