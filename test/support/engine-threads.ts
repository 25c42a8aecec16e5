/** Vitest runs two files at a time, each with an engine: on two cores a thread each is a third faster than two each. */
export const ENGINE_THREADS = 1;
