// UserStorage: one value per account, written by that account alone. The account follows from the artifact's author and
// is not in the bytes, so nobody can write for another.
import { type Bytes, EMPTY } from '../base/bytes.ts'
import { idBytes, idFromBytes, type PublicKey } from '../base/ids.ts'
import { accountOf } from '../base/keys.ts'
import type { ByteReader, ByteWriter } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import type { CrdtType, Fragment, NextStamp, Origin } from './fragment.ts'
import { type ElementKind, KeyedElements } from './keyed-elements.ts'
import { VALUE_BYTES_MAX } from './limits.ts'

const REMOVE = 0
const PUT = 1
const TAG = 7

/** 32 bytes. */
export function accountOfReplica(replica: Bytes): Bytes {
  return idBytes(accountOf(idFromBytes<PublicKey>(replica)))
}

/** Sets or removes (null) the value of the author's account. */
export class UserFragment implements Fragment {
  readonly tag = TAG
  readonly id: Bytes
  readonly part = EMPTY
  readonly stamp: bigint
  readonly #value: Bytes | null

  constructor(id: Bytes, value: Bytes | null, stamp: bigint) {
    this.id = id
    this.stamp = stamp
    this.#value = value
  }

  write(out: ByteWriter): void {
    out.u64(this.stamp)
    out.byte(this.#value === null ? REMOVE : PUT)
    if (this.#value !== null) out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    const elements = new KeyedElements(state, USER_VALUES, this.id)
    elements.merge(accountOfReplica(replica), this.#value, this.stamp, replica)
    return true
  }
}

const USER_VALUES: ElementKind = { tag: TAG, counted: false }

export const userStorage: CrdtType & ElementKind = {
  ...USER_VALUES,
  name: 'UserStorage',
  swept: 'e',
  readFragment(id: Bytes, input: ByteReader): Fragment {
    const stamp = input.u64()
    const kind = input.byte()
    if (kind !== PUT && kind !== REMOVE) throw input.fail("a user's value is neither put nor removed")
    return new UserFragment(id, kind === PUT ? input.bytes(VALUE_BYTES_MAX) : null, stamp)
  },
  clear(state: CrdtState, id: Bytes, next: NextStamp, replica: Bytes): Fragment[] {
    const elements = new KeyedElements(state, USER_VALUES, id)
    const account = accountOfReplica(replica)
    if (elements.get(account) === undefined) return []
    return [new UserFragment(id, null, next(elements.stampOf(account)))]
  },
}
