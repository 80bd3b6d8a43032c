/** Bytes that a decoder has not used up: what came before, and what came now. */

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Holds what is left of the pieces of a stream. Bytes that are used up at once, as whole frames are, are never copied;
 * what is left over is, since whoever gave it may use its buffer again.
 */
export class Pending {
  bytes: Buffer = NOTHING;
  /** Place of `bytes[0]` in the whole input. */
  start = 0;

  /** Takes the next piece. */
  add(piece: Uint8Array): void {
    const view = Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    this.bytes = this.bytes.length === 0 ? view : Buffer.concat([this.bytes, view]);
  }

  /** Lets go of the first `count` bytes. */
  drop(count: number): void {
    this.bytes = count >= this.bytes.length ? NOTHING : Buffer.from(this.bytes.subarray(count));
    this.start += count;
  }
}
