// Bounded reading of WebAssembly's binary primitives. Throws RuntimeError where the bytes end early.
import type { Bytes } from '../../base/bytes.ts'
import { RuntimeError } from '../runtime-error.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

export class WasmReader {
  readonly bytes: Bytes
  readonly end: number
  at: number

  constructor(bytes: Bytes, start = 0, end = bytes.byteLength) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  u8(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined
    if (value === undefined) throw truncated(this.at)
    this.at += 1
    return value
  }

  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new RuntimeError('MODULE_INVALID', `not a valid module: a number at offset ${this.at} is out of range`)
  }

  /** A reader over the next `length` bytes, which are skipped here. */
  slice(length: number): WasmReader {
    const start = this.at
    if (length > this.end - start) throw truncated(this.end)
    this.at = start + length
    return new WasmReader(this.bytes, start, this.at)
  }

  rest(): Bytes {
    return this.bytes.subarray(this.at, this.end)
  }

  name(): string {
    const part = this.slice(this.u32())
    try {
      return decoder.decode(part.rest())
    } catch (cause) {
      throw new RuntimeError('MODULE_INVALID', 'not a valid module: a name is not UTF-8', { cause })
    }
  }
}

function truncated(offset: number): RuntimeError {
  return new RuntimeError('MODULE_INVALID', `not a valid module: it ends early, at offset ${offset}`)
}

/** Unsigned LEB128. */
export function encodeU32(value: number): number[] {
  const out: number[] = []
  let rest = value
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  out.push(rest)
  return out
}
