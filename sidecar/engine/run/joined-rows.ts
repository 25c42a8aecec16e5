/** Rows of `width` numbers that come some at a time; what comes at once is taken as it is, without a copy. */
export class JoinedRows {
  private readonly total: number;
  private readonly width: number;
  private rows: Float32Array = new Float32Array();

  constructor(total: number, width: number) {
    this.total = total;
    this.width = width;
  }

  /** Takes `count` rows from `first` on; the first piece comes first. */
  take(first: number, count: number, piece: Float32Array): void {
    if (count === this.total) {
      this.rows = piece;
      return;
    }
    if (first === 0) this.rows = new Float32Array(this.total * this.width);
    this.rows.set(piece, first * this.width);
  }

  /** `[total, width]`. */
  all(): Float32Array {
    return this.rows;
  }
}
