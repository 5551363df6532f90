// FrozenStorage: values under their own hash. Values are only ever added, so merging is the union of sets.
import type { Bytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { ByteReader, ByteWriter } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import type { CrdtType, Fragment } from './fragment.ts'
import { VALUE_BYTES_MAX } from './limits.ts'
import { recordKey } from './state-keys.ts'

const TAG = 8

export function readFrozen(state: CrdtState, id: Bytes, hash: Bytes): Bytes | undefined {
  return state.get(recordKey(id, TAG, 'e', hash))
}

export class FrozenFragment implements Fragment {
  readonly tag = TAG
  readonly id: Bytes
  /** SHA-256 of the value. */
  readonly part: Bytes
  readonly stamp = 0n
  readonly #value: Bytes

  constructor(id: Bytes, value: Bytes) {
    this.id = id
    this.part = sha256(value)
    this.#value = value
  }

  write(out: ByteWriter): void {
    out.bytes(this.#value)
  }

  mergeInto(state: CrdtState): boolean {
    const key = recordKey(this.id, TAG, 'e', this.part)
    if (state.get(key) === undefined) state.set(key, this.#value)
    return true
  }
}

export const frozenStorage: CrdtType = {
  tag: TAG,
  name: 'FrozenStorage',
  swept: undefined,
  readFragment: (id: Bytes, input: ByteReader): Fragment => new FrozenFragment(id, input.bytes(VALUE_BYTES_MAX)),
  clear: () => [],
}
