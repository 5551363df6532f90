// Numbers as LevelDB writes them: seven bits a byte, the lowest first. Pure.
import type { Bytes } from '../base/bytes.ts'

/** The number at `from`, and what is behind it; undefined where the bytes end in it. */
export function varintAt(bytes: Bytes, from: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  let scale = 1
  for (let at = from; ; at += 1) {
    const byte = bytes[at]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, end: at + 1 }
    scale *= 0x80
  }
}
