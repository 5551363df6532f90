// The guest's linear memory as the host functions see it: bounds-checked copies, never views that outlive a call.
// Layouts of the descriptors are those of the by-ref ABI.
import type { Bytes } from '../../base/bytes.ts'
import { GuestFault } from './guest-fault.ts'

/** A place in guest memory that the host may write to. */
export interface GuestSlice {
  readonly pointer: number
  readonly length: number
}

const decoder = new TextDecoder('utf-8', { fatal: true })

export class GuestMemory {
  #memory: WebAssembly.Memory | undefined
  #bytes: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#bytes.buffer)

  /** Until then (in a start function) every access is out of bounds. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory
  }

  /** Its size now, in pages of 64 KiB. */
  get pages(): number {
    return this.#memory ? this.#memory.buffer.byteLength / 65_536 : 0
  }

  u64(pointer: number): bigint {
    this.#check(pointer, 8)
    return this.#view.getBigUint64(pointer, true)
  }

  u32(pointer: number): number {
    this.#check(pointer, 4)
    return this.#view.getUint32(pointer, true)
  }

  /** Buffer and BufferMut: ptr u64 @0, len u64 @8. */
  slice(descriptor: number): GuestSlice {
    return guestSlice(this.u64(descriptor), this.u64(descriptor + 8))
  }

  /** A copy. */
  read(slice: GuestSlice): Bytes {
    // An empty Rust buffer may point anywhere.
    if (slice.length === 0) return new Uint8Array(0)
    this.#check(slice.pointer, slice.length)
    return this.#bytes.slice(slice.pointer, slice.pointer + slice.length)
  }

  text(slice: GuestSlice): string {
    try {
      return decoder.decode(this.read(slice))
    } catch (error) {
      if (error instanceof GuestFault) throw error
      throw new GuestFault('host_error', 'the guest passed a text that is not UTF-8')
    }
  }

  /** `bytes` must have the slice's length. */
  write(slice: GuestSlice, bytes: Bytes): void {
    if (slice.length === 0) return
    this.#check(slice.pointer, slice.length)
    this.#bytes.set(bytes, slice.pointer)
  }

  /** Throws GuestFault unless the whole slice lies in the guest's memory. */
  requireSpace(slice: GuestSlice): void {
    if (slice.length > 0) this.#check(slice.pointer, slice.length)
  }

  #check(pointer: number, length: number): void {
    // Growing detaches the old buffer.
    if (this.#memory && this.#memory.buffer !== this.#bytes.buffer) {
      this.#bytes = new Uint8Array(this.#memory.buffer)
      this.#view = new DataView(this.#memory.buffer)
    }
    if (pointer + length > this.#bytes.byteLength) {
      throw new GuestFault('host_error', `the guest passed memory it does not have (${length} bytes at ${pointer})`)
    }
  }
}

/** From two raw u64. Values beyond 2^53 lose precision, and fail the bounds check all the same. */
export function guestSlice(pointer: bigint, length: bigint): GuestSlice {
  return { pointer: Number(pointer), length: Number(length) }
}
