// Text as Unicode scalar values, which is what text indexes count.
import type { Bytes } from '../../base/bytes.ts'

export interface CodePoints {
  readonly bytes: Bytes
  readonly codePoints: readonly number[]
}

// A byte order mark is a character like any other here: without it the bytes would not be what was inserted.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** undefined = not UTF-8. */
export function codePointsIn(bytes: Bytes): CodePoints | undefined {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    // The only failure of a fatal decoder; the caller knows what to say of it.
    return undefined
  }
  return { bytes, codePoints: Array.from(text, (character) => character.codePointAt(0) ?? 0) }
}

export function utf8Of(codePoints: readonly number[]): Bytes {
  const parts: string[] = []
  // In pieces: as arguments, all at once would not fit the stack.
  for (let at = 0; at < codePoints.length; at += 1024)
    parts.push(String.fromCodePoint(...codePoints.slice(at, at + 1024)))
  return Buffer.from(parts.join(''))
}
