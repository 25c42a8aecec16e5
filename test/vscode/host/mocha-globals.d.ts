/** The part of mocha's global interface that the tests in the extension host use. */
declare function describe(name: string, body: () => void): void;
declare function it(name: string, body: (this: { timeout(ms: number): void }) => Promise<void> | void): void;
declare function before(body: (this: { timeout(ms: number): void }) => Promise<void> | void): void;
declare function after(body: () => Promise<void> | void): void;
