// Where the host CRDTs keep their records in a context's state: 'c', instance id, type tag, part, then the part's key.
// The tag keeps instances of different types under one id apart, so that no order of creation matters.
import { type Bytes, concat, utf8 } from '../base/bytes.ts'

export const INSTANCE_ID_LENGTH = 32

const FAMILY = utf8('c')

/** element, index node, register, total. */
export type RecordPart = 'e' | 'i' | 'r' | 't'

export function recordPrefix(id: Bytes, tag: number, part: RecordPart): Bytes {
  return concat([FAMILY, id, Uint8Array.of(tag, part.charCodeAt(0))])
}

export function recordKey(id: Bytes, tag: number, part: RecordPart, key?: Bytes): Bytes {
  const prefix = recordPrefix(id, tag, part)
  return key === undefined ? prefix : concat([prefix, key])
}
