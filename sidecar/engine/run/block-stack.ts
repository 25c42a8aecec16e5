import type { Block, CutModel } from "../cut/block.ts";
import { BlockSession } from "./block-session.ts";
import type { LoadListener } from "./load-progress.ts";
import type { SessionSettings } from "./session-options.ts";

/** A cut model's sessions: its blocks in order, and the head. */
export class BlockStack {
  readonly model: CutModel;
  readonly blocks: readonly BlockSession[];
  readonly head: BlockSession;
  /** Whether outputs can stay on a device of their own. */
  readonly onDevice: boolean;
  /** Whether any block is told positions; without it a lane's padding cannot be hidden from rotary embeddings. */
  readonly positionIds: boolean;

  /** Is told how far the sessions of a pass are. */
  readonly onLoading: LoadListener;

  constructor(model: CutModel, settings: SessionSettings, onLoading: LoadListener = () => undefined) {
    this.model = model;
    this.onLoading = onLoading;
    this.onDevice = settings.provider === "webgpu";
    const last = model.blocks.length - 1;
    const cacheRows = model.kv !== "none" && !this.onDevice;
    this.blocks = model.blocks.map(
      (block, index) => new BlockSession(block, settings, { exitOnDevice: this.onDevice && index < last, cacheRows }),
    );
    this.head = new BlockSession(model.head, settings, { exitOnDevice: false, cacheRows: false });
    this.positionIds = model.blocks.some((block: Block) => block.positionIds !== undefined);
  }

  async release(): Promise<void> {
    for (const session of [...this.blocks, this.head]) await session.release();
  }
}
