// Cuts a stream of pieces into the chunks of a blob, of which it holds one. Pure.
import type { Bytes } from '../base/bytes.ts'
import { BLOB_CHUNK_BYTES } from './limits.ts'

export class ChunkCutter {
  #chunk = Buffer.allocUnsafe(BLOB_CHUNK_BYTES)
  #filled = 0;

  /** The chunks that `piece` completes. Each must be used before the next is asked for: they share their memory. */
  *push(piece: Bytes): Generator<Bytes> {
    for (let at = 0; at < piece.byteLength; ) {
      const end = Math.min(piece.byteLength, at + BLOB_CHUNK_BYTES - this.#filled)
      this.#chunk.set(piece.subarray(at, end), this.#filled)
      this.#filled += end - at
      at = end
      if (this.#filled < BLOB_CHUNK_BYTES) return
      this.#filled = 0
      yield this.#chunk
    }
  }

  /** What is left: the last chunk, when it is not a whole one. */
  rest(): Bytes | undefined {
    return this.#filled === 0 ? undefined : this.#chunk.subarray(0, this.#filled)
  }
}
