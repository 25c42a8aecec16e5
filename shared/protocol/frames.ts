import { z } from "zod";
import { wireErrorSchema } from "./wire-error.ts";

const callId = z.int().nonnegative();

/** What a client sends. `params` are checked against the method's own schema afterwards. */
export const clientFrameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    protocol: z.int(),
    token: z.string(),
    /** Names the client in the log. */
    client: z.string(),
    /** Of a connection that was lost: its session, and by call the last event that arrived. */
    resume: z.object({ session: z.string(), calls: z.array(z.object({ id: callId, seq: z.int() })) }).nullable(),
  }),
  z.object({ type: z.literal("call"), id: callId, method: z.string(), params: z.unknown() }),
  z.object({ type: z.literal("cancel"), id: callId }),
  /** Every event up to `seq` was taken in: the server may send more. */
  z.object({ type: z.literal("ack"), id: callId, seq: z.int() }),
  /** The call's result or error arrived: the server may forget the call. */
  z.object({ type: z.literal("settled"), id: callId }),
]);
export type ClientFrame = z.output<typeof clientFrameSchema>;

export const progressSchema = z.object({
  /** What is being done, in words: `loading weights`. */
  stage: z.string(),
  /** 0 to 1; `null` where no share is known. */
  fraction: z.number().nullable(),
});
export type Progress = z.output<typeof progressSchema>;

/** What the server sends. */
export const serverFrameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    protocol: z.int(),
    version: z.string(),
    session: z.string(),
    /** Ids of the resumed calls that go on; the others are lost. */
    resumed: z.array(callId),
  }),
  /** The connection is refused; the socket closes after it. */
  z.object({ type: z.literal("goodbye"), error: wireErrorSchema }),
  z.object({ type: z.literal("progress"), id: callId, progress: progressSchema }),
  z.object({ type: z.literal("event"), id: callId, seq: z.int(), event: z.unknown() }),
  z.object({ type: z.literal("result"), id: callId, result: z.unknown() }),
  z.object({ type: z.literal("error"), id: callId, error: wireErrorSchema }),
]);
export type ServerFrame = z.output<typeof serverFrameSchema>;
