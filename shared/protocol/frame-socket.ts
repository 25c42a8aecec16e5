/** What the protocol needs of a socket: whole binary frames, in order. */
export interface FrameSocket {
  send(bytes: Uint8Array): void;
  close(): void;
  onMessage(listener: (bytes: Uint8Array) => void): void;
  /** Called once, however the socket ended; `reason` is empty where nothing is known. */
  onClose(listener: (reason: string) => void): void;
}
