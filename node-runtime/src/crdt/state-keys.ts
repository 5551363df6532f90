// Where the host CRDTs keep their records in a context's state: 'c', instance id, type tag, part, then the part's key.
// The tag keeps instances of different types under one id apart, so that no order of creation matters.
import type { Bytes } from '../base/bytes.ts'

export const INSTANCE_ID_LENGTH = 32

const FAMILY = 'c'.charCodeAt(0)
const PREFIX_LENGTH = INSTANCE_ID_LENGTH + 3

/**
 * element, index node, register, total; of sequences: height, locator, node, origin, waiting; of shared storage: genesis,
 * change of writers, value.
 */
export type RecordPart = 'e' | 'i' | 'r' | 't' | 'h' | 'l' | 'n' | 'o' | 'w' | 'g' | 'c' | 'v'

export function recordKey(id: Bytes, tag: number, part: RecordPart, key?: Bytes): Bytes {
  const out = new Uint8Array(PREFIX_LENGTH + (key?.byteLength ?? 0))
  out[0] = FAMILY
  out.set(id, 1)
  out[PREFIX_LENGTH - 2] = tag
  out[PREFIX_LENGTH - 1] = part.charCodeAt(0)
  if (key !== undefined) out.set(key, PREFIX_LENGTH)
  return out
}

/** Undefined: it is no record's. Whether there are such types and parts is not looked at. */
export function partsOfKey(
  key: Bytes,
): { readonly id: Bytes; readonly tag: number; readonly part: string; readonly key: Bytes } | undefined {
  if (key[0] !== FAMILY || key.byteLength < PREFIX_LENGTH) return undefined
  return {
    id: key.subarray(1, 1 + INSTANCE_ID_LENGTH),
    tag: key[PREFIX_LENGTH - 2] ?? 0,
    part: String.fromCharCode(key[PREFIX_LENGTH - 1] ?? 0),
    key: key.subarray(PREFIX_LENGTH),
  }
}
