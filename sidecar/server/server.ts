import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { RefractError, refused } from "../../shared/errors.ts";
import { checkMessage } from "../../shared/protocol/check-message.ts";
import { decodeFrame, encodeFrame } from "../../shared/protocol/codec.ts";
import { type ClientFrame, clientFrameSchema, type ServerFrame } from "../../shared/protocol/frames.ts";
import type { Handlers } from "../../shared/protocol/interface.ts";
import { PROTOCOL_VERSION } from "../../shared/protocol/version.ts";
import { toWireError } from "../../shared/protocol/wire-error.ts";
import { Session } from "./session.ts";
import { sameToken } from "./token.ts";

export interface ServerOptions {
  host: string;
  /** 0 takes a free port. */
  port: number;
  token: string;
  /** The product's version, said in the welcome. */
  version: string;
  handlers: Handlers;
  log: (line: string) => void;
  /** Time between heartbeats; a client that misses one is taken for lost. */
  heartbeatMs: number;
  /** How long the calls of a lost client go on and wait for it. */
  keepMs: number;
}

export interface RunningServer {
  port: number;
  close(): Promise<void>;
}

/** The longest message a client may send; a prompt file of this size is far past every context. */
const MOST_BYTES = 64 * 1024 * 1024;

/** How long a socket may stay without a hello. */
const HELLO_MS = 5_000;

type Hello = Extract<ClientFrame, { type: "hello" }>;

/**
 * The WebSocket's door into the application. Clients prove themselves with the token in their first frame; browsers, which always send an
 * `Origin`, are refused, so that no web page can talk to a researcher's models.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const sessions = new Map<string, Session>();
  const wss = new WebSocketServer({
    host: options.host,
    port: options.port,
    maxPayload: MOST_BYTES,
    perMessageDeflate: false,
    verifyClient: ({ req }: { req: { headers: { origin?: string | undefined } } }) => req.headers.origin === undefined,
  });
  await new Promise<void>((resolve, reject) => {
    wss.once("listening", resolve);
    wss.once("error", (cause) => {
      reject(refused(`serve: cannot listen on ${options.host}, port ${options.port} (${cause.message})`, cause));
    });
  });

  function greet(hello: Hello, socket: WebSocket, send: (frame: ServerFrame) => void): Session {
    if (!sameToken(hello.token, options.token)) throw refused("The token is not this sidecar's.");
    if (hello.protocol !== PROTOCOL_VERSION) {
      throw refused(
        `The client speaks version ${hello.protocol} of the protocol, this sidecar (${options.version}) version ${PROTOCOL_VERSION}: use the sidecar that came with the extension.`,
      );
    }
    const old = hello.resume === null ? undefined : sessions.get(hello.resume.session);
    const session = old ?? new Session(options.handlers);
    sessions.set(session.id, session);
    session.attach(send);
    const calls = old === undefined ? [] : (hello.resume?.calls ?? []);
    const resumed = session.known(calls);
    send({ type: "welcome", protocol: PROTOCOL_VERSION, version: options.version, session: session.id, resumed });
    if (old !== undefined) session.resume(calls);
    options.log(`${hello.client} ${old === undefined ? "connected" : `reconnected, ${resumed.length} calls go on`}`);
    socket.once("close", () => forget(session, send, hello.client));
    return session;
  }

  /** Keeps a lost client's session for a while; a newer socket of the same session stays untouched. */
  function forget(session: Session, send: (frame: ServerFrame) => void, client: string): void {
    if (!session.detach(send)) return;
    options.log(`${client} is gone`);
    const timer = setTimeout(() => {
      if (session.connected) return;
      session.end();
      sessions.delete(session.id);
    }, options.keepMs);
    timer.unref();
  }

  wss.on("connection", (socket) => {
    let session: Session | null = null;
    let alive = true;
    const send = (frame: ServerFrame) => {
      if (socket.readyState === socket.OPEN) socket.send(encodeFrame(frame));
    };
    const late = setTimeout(() => socket.terminate(), HELLO_MS);
    const heartbeat = setInterval(() => {
      if (!alive) socket.terminate();
      alive = false;
      socket.ping();
    }, options.heartbeatMs);
    socket.on("pong", () => {
      alive = true;
    });
    socket.on("error", (error) => options.log(`socket: ${error.message}`));
    socket.on("close", () => {
      clearTimeout(late);
      clearInterval(heartbeat);
    });
    socket.on("message", (data: Buffer) => {
      try {
        const frame = checkMessage(clientFrameSchema, decodeFrame(data), "Message of the client");
        if (frame.type === "hello") {
          if (session !== null) throw refused("The client said hello twice.");
          session = greet(frame, socket, send);
          clearTimeout(late);
        } else if (session === null) {
          throw refused("The client's first message must be a hello.");
        } else {
          session.receive(frame);
        }
      } catch (error) {
        if (!(error instanceof RefractError)) throw error;
        options.log(`refused: ${error.message}`);
        send({ type: "goodbye", error: toWireError(error) });
        socket.close();
      }
    });
  });

  return {
    port: (wss.address() as AddressInfo).port,
    async close() {
      for (const session of sessions.values()) session.end();
      for (const socket of wss.clients) socket.terminate();
      await new Promise<void>((resolve, reject) =>
        wss.close((error) => (error === undefined ? resolve() : reject(error))),
      );
    },
  };
}
