import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { RefractError } from "../../../shared/errors.ts";
import { decodeFrame, encodeFrame } from "../../../shared/protocol/codec.ts";
import { PROTOCOL_VERSION } from "../../../shared/protocol/version.ts";
import { WINDOW } from "../../../sidecar/server/running-call.ts";
import { connect, gate, serve, TOKEN } from "./fixture.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const COMPARE = {
  model: "demo",
  prompt: { messages: [], lineStarts: [0] },
  baselineReply: null,
  refusalTokens: ["No"],
  conditions: [{ name: "baseline", file: null, slider: null }],
  confirmedDictionaries: [],
  maxNewTokens: 8,
  temperature: 0,
  topP: 1,
  seed: 0,
};

async function pair(...args: Parameters<typeof serve>) {
  const server = await serve(...args);
  cleanups.push(() => server.close());
  const test = await connect(server.port);
  cleanups.push(() => test.client.close("the test is over"));
  return { server, ...test };
}

/** Opens a bare socket and returns what the server says to one message, or how it closed. */
function say(port: number, message: object, headers: Record<string, string> = {}): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
    socket.on("open", () => socket.send(encodeFrame(message)));
    socket.on("message", (data: Buffer) => {
      resolve(decodeFrame(data));
      socket.terminate();
    });
    socket.on("error", (error) => resolve(error.message));
    socket.on("close", () => resolve("closed"));
  });
}

const HELLO = { type: "hello", protocol: PROTOCOL_VERSION, token: TOKEN, client: "a test", resume: null };

describe("who may connect", () => {
  test("a client without the token is refused in words", async () => {
    const server = await serve({});
    cleanups.push(() => server.close());
    await expect(connect(server.port, "a wrong token")).rejects.toMatchObject({
      code: "refused",
      message: "The token is not this sidecar's.",
    });
  });

  test("a browser, which sends its origin, is refused at the door", async () => {
    const server = await serve({});
    cleanups.push(() => server.close());
    expect(await say(server.port, HELLO, { Origin: "https://example.com" })).toContain("401");
  });

  test("another version of the protocol is refused, both versions named", async () => {
    const server = await serve({});
    cleanups.push(() => server.close());
    const answer = await say(server.port, { ...HELLO, protocol: 99 });
    expect(answer).toMatchObject({ type: "goodbye", error: { code: "refused" } });
    expect(JSON.stringify(answer)).toMatch(new RegExp(`version 99 .*version ${PROTOCOL_VERSION}`));
  });

  test("a call before the hello ends the connection", async () => {
    const server = await serve({});
    cleanups.push(() => server.close());
    const answer = await say(server.port, { type: "call", id: 1, method: "models.list", params: {} });
    expect(answer).toMatchObject({
      type: "goodbye",
      error: { message: "The client's first message must be a hello." },
    });
  });
});

describe("calls", () => {
  test("a request brings its progress and its result, typed arrays included", async () => {
    const values = Float32Array.of(1.5, Number.NaN, -2);
    const { client } = await pair({
      compare: async (_params, call) => {
        call.progress({ stage: "reading", fraction: 0.5 });
        await call.emit({ type: "kl", column: 1, values });
        return { milliseconds: 3, warnings: [] };
      },
    });
    const stages: string[] = [];
    const events: unknown[] = [];
    const result = await client.stream("compare", COMPARE, (event) => void events.push(event), {
      onProgress: ({ stage }) => stages.push(stage),
    });
    expect(result).toEqual({ milliseconds: 3, warnings: [] });
    expect(stages).toEqual(["reading"]);
    expect(events).toEqual([{ type: "kl", column: 1, values }]);
  });

  test("an error keeps its code, its sentence and its cause", async () => {
    const { client } = await pair({
      "models.open": () =>
        Promise.reject(new RefractError("refused", "m has no graph.", { cause: new Error("ENOENT") })),
    });
    const error = await client.request("models.open", { path: "m" }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefractError);
    expect(error).toMatchObject({ code: "refused", message: "m has no graph.", cause: { message: "ENOENT" } });
  });

  test("parameters of the wrong shape are refused with their place", async () => {
    const { client } = await pair({});
    const wrong = { ...COMPARE, maxNewTokens: 0 };
    await expect(client.stream("compare", wrong, () => undefined)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("compare at maxNewTokens"),
    });
  });

  test("cancelling a call fires the handler's signal", async () => {
    const started = gate();
    const { client } = await pair({
      "models.open": (_params, call) =>
        new Promise((_resolve, reject) => {
          started.open();
          call.signal.addEventListener("abort", () => reject(new Error("aborted")));
        }),
    });
    const controller = new AbortController();
    const call = client.request("models.open", { path: "m" }, { signal: controller.signal });
    await started.opened;
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("streams", () => {
  test("a slow client slows its own stream and nothing else", async () => {
    let emitted = 0;
    const finished = gate();
    const release = gate();
    const { client } = await pair({
      compare: async (params, call) => {
        for (let i = 0; i < 500; i++) {
          await call.emit({ type: "refusal", column: i, score: 0, probability: 0.5 });
          if (params.seed === 1) emitted++;
        }
        if (params.seed === 2) finished.open();
        return { milliseconds: 0, warnings: [] };
      },
      "models.list": async () => ({ models: [] }),
    });
    const slow = client.stream("compare", { ...COMPARE, seed: 1 }, () => release.opened);
    const columns: number[] = [];
    await client.stream("compare", { ...COMPARE, seed: 2 }, (event) => void columns.push(event.column));
    await finished.opened;
    expect(await client.request("models.list", {})).toEqual({ models: [] });
    expect(columns).toHaveLength(500);
    expect(emitted).toBe(WINDOW);
    release.open();
    await slow;
    expect(emitted).toBe(500);
  });

  test("a client that loses its socket gets its running stream back, every event once", async () => {
    const cut = gate();
    const { client, sockets, states } = await pair({
      compare: async (_params, call) => {
        for (let i = 0; i < 100; i++) {
          await call.emit({ type: "refusal", column: i, score: 0, probability: 0.5 });
          if (i === 20) await cut.opened;
        }
        return { milliseconds: 7, warnings: [] };
      },
    });
    const columns: number[] = [];
    const stream = client.stream("compare", COMPARE, (event) => {
      columns.push(event.column);
      if (event.column === 10) {
        sockets[0]?.close();
        setTimeout(cut.open, 50);
      }
    });
    expect(await stream).toEqual({ milliseconds: 7, warnings: [] });
    expect(columns).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(states.map(({ kind }) => kind)).toEqual(["connected", "reconnecting", "connected"]);
  });

  test("a call made while the socket is gone runs once it is back", async () => {
    const { client, sockets, states } = await pair({ "models.list": async () => ({ models: [] }) });
    await new Promise<string>((resolve) => {
      sockets[0]?.onClose(resolve);
      sockets[0]?.close();
    });
    expect(states.at(-1)?.kind).toBe("reconnecting");
    expect(await client.request("models.list", {})).toEqual({ models: [] });
  });

  test("when the sidecar does not come back, running calls fail in words", async () => {
    const server = await serve({ "models.open": () => new Promise(() => undefined) });
    const { client, states } = await connect(server.port);
    const call = client.request("models.open", { path: "m" });
    const outcome = expect(call).rejects.toMatchObject({ code: "disconnected" });
    await server.close();
    await outcome;
    expect(states.at(-1)?.kind).toBe("closed");
  });

  test("a new sidecar behind the same address ends the old one's calls, said so", async () => {
    const first = await serve({ "models.open": () => new Promise(() => undefined) });
    let port = first.port;
    const { ProtocolClient } = await import("../../../shared/protocol/client.ts");
    const { openSocket } = await import("../../../extension/sidecar/open-socket.ts");
    const client = new ProtocolClient({
      connect: () => openSocket(`ws://127.0.0.1:${port}`),
      token: TOKEN,
      name: "a test",
      retryDelays: [20, 50, 100],
      onState: () => undefined,
    });
    await client.open();
    const call = client.request("models.open", { path: "m" });
    const outcome = expect(call).rejects.toThrow("started anew");
    const second = await serve({ "models.list": async () => ({ models: [] }) });
    cleanups.push(() => second.close());
    port = second.port;
    await first.close();
    await outcome;
    expect(await client.request("models.list", {})).toEqual({ models: [] });
    client.close("the test is over");
  });

  test("the calls of a client that stays away are cancelled", async () => {
    const cancelled = gate();
    const { client, server } = await pair(
      {
        "models.open": (_params, call) => {
          call.signal.addEventListener("abort", cancelled.open);
          return new Promise(() => undefined);
        },
      },
      { keepMs: 30 },
    );
    const call = client.request("models.open", { path: "m" });
    const outcome = expect(call).rejects.toMatchObject({ code: "disconnected" });
    await expect.poll(() => server.log.length).toBeGreaterThan(0);
    client.close("the window was closed");
    await outcome;
    await cancelled.opened;
  });
});

test("a client that answers no heartbeat is taken for lost", async () => {
  const server = await serve({}, { heartbeatMs: 30, keepMs: 30 });
  cleanups.push(() => server.close());
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, { autoPong: false });
  await new Promise((resolve) => socket.on("open", resolve));
  socket.send(encodeFrame(HELLO));
  await new Promise((resolve) => socket.on("close", resolve));
  await expect.poll(() => server.log).toContain("a test is gone");
});
