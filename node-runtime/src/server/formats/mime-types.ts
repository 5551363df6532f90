// What a blob is, by how it begins: nobody says so when it is uploaded. Only kinds that a browser shows without running anything
// of them: what could be a page or a script of this origin stays a row of bytes.
import type { Bytes } from '../../base/bytes.ts'

export const ANY_BYTES = 'application/octet-stream'

/** As many as the longest beginning below has. */
export const BEGINNING_BYTES = 12

/** Bytes in hex from the start; `..` is any. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['89504e470d0a1a0a', 'image/png'],
  ['ffd8ff', 'image/jpeg'],
  ['474946383761', 'image/gif'],
  ['474946383961', 'image/gif'],
  ['52494646........57454250', 'image/webp'],
  ['52494646........57415645', 'audio/wav'],
  ['........66747970', 'video/mp4'],
  ['1a45dfa3', 'video/webm'],
  ['4f676753', 'audio/ogg'],
  ['494433', 'audio/mpeg'],
  ['255044462d', 'application/pdf'],
  ['504b0304', 'application/zip'],
  ['1f8b', 'application/gzip'],
  ['0061736d', 'application/wasm'],
]

export function mimeTypeOf(beginning: Bytes): string {
  const found = BEGINNINGS.find(([pattern]) => begins(beginning, pattern))
  return found?.[1] ?? ANY_BYTES
}

function begins(bytes: Bytes, pattern: string): boolean {
  if (bytes.byteLength < pattern.length / 2) return false
  return (pattern.match(/../g) ?? []).every(
    (byte, index) => byte === '..' || Number.parseInt(byte, 16) === bytes[index],
  )
}
