// All CRDT types. A new one is a file with its fragments and its records, and a line here; tags are never used again.

import { authoredMap } from './authority/authored-map.ts'
import { sharedStorage } from './authority/shared-storage.ts'
import { gCounter, pnCounter } from './counter.ts'
import type { CrdtType } from './fragment.ts'
import { frozenStorage } from './frozen-storage.ts'
import { lwwRegister, rootDocument } from './lww-register.ts'
import { authoredVector, text, vector } from './sequence/sequence-types.ts'
import { sortedMap, unorderedMap } from './unordered-map.ts'
import { sortedSet, unorderedSet } from './unordered-set.ts'
import { userStorage } from './user-storage.ts'

/** In the order of their tags. */
export const CRDT_TYPES: readonly CrdtType[] = [
  rootDocument,
  unorderedMap,
  sortedMap,
  unorderedSet,
  sortedSet,
  lwwRegister,
  gCounter,
  userStorage,
  frozenStorage,
  pnCounter,
  vector,
  text,
  authoredMap,
  authoredVector,
  sharedStorage,
]

const byTag = new Map(CRDT_TYPES.map((type) => [type.tag, type]))

export function crdtTypeOf(tag: number): CrdtType | undefined {
  return byTag.get(tag)
}
