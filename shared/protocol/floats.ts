import { z } from "zod";

/** Floats that crossed the wire as they are; MessagePack keeps the type. */
export const floatsSchema = z.custom<Float32Array>((value) => value instanceof Float32Array, "expected floats");
