// Which records of a state are of no use once nothing older can come beside them: removals that nothing else hangs on (ADR 0029).
import type { Bytes } from '../base/bytes.ts'
import { isRemoval } from './lww-record.ts'
import { crdtTypeOf } from './registry.ts'
import { partsOfKey } from './state-keys.ts'

/** `until`: a removal with a later stamp has still to win over what has an earlier one. Pure, and the same on every node. */
export function isSwept(key: Bytes, value: Bytes, until: bigint): boolean {
  const parts = partsOfKey(key)
  if (parts === undefined || crdtTypeOf(parts.tag)?.swept !== parts.part) return false
  return isRemoval(value, until)
}
