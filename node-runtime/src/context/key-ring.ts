// The group keys this node holds. A group's newest key seals; all of them open.
import type { Bytes } from '../base/bytes.ts'
import { type GroupId, idBytes, idFromBytes, type KeyId } from '../base/ids.ts'
import { keyIdOf } from '../base/keys.ts'
import { keyOf } from '../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../store/store.ts'
import { decodeRow, encodeRow, type GroupKeyRow } from '../wire/records.ts'
import { GROUP_KEYS_MAX } from './limits.ts'

export interface GroupKey {
  readonly keyId: KeyId
  readonly key: Bytes
}

export class KeyRing {
  readonly #store: Store
  readonly #groups = new Map<GroupId, Map<KeyId, { key: Bytes; order: number }>>()

  private constructor(store: Store) {
    this.#store = store
  }

  static async open(store: Store): Promise<KeyRing> {
    const ring = new KeyRing(store)
    for await (const [key, value] of store.entries(rangeOf(keyOf('groupKey')))) {
      const groupId = idFromBytes<GroupId>(
        key.subarray(keyOf('groupKey').byteLength, keyOf('groupKey').byteLength + 32),
      )
      const row = decodeRow<GroupKeyRow>('group key', value)
      ring.#remember(groupId, row.key, row.order)
    }
    return ring
  }

  /** The key that seals; undefined while none has arrived. */
  newest(groupId: GroupId): GroupKey | undefined {
    let best: { keyId: KeyId; key: Bytes; order: number } | undefined
    for (const [keyId, { key, order }] of this.#groups.get(groupId) ?? []) {
      if (!best || order > best.order) best = { keyId, key, order }
    }
    return best && { keyId: best.keyId, key: best.key }
  }

  find(groupId: GroupId, keyId: KeyId): Bytes | undefined {
    return this.#groups.get(groupId)?.get(keyId)?.key
  }

  /** All keys of a group in the order they came. */
  all(groupId: GroupId): Bytes[] {
    const keys = [...(this.#groups.get(groupId)?.values() ?? [])]
    return keys.sort((a, b) => a.order - b.order).map(({ key }) => key)
  }

  /** Operations that add `keys` in this order; known ones add nothing. Call `committed` after the batch. */
  add(groupId: GroupId, keys: readonly Bytes[]): { ops: StoreOp[]; added: number; committed(): void } {
    const group = this.#groups.get(groupId)
    const fresh = keys.filter((key) => !group?.has(keyIdOf(key))).slice(0, GROUP_KEYS_MAX - (group?.size ?? 0))
    const first = group?.size ?? 0
    return {
      added: fresh.length,
      ops: fresh.map((key, index) => ({
        type: 'put',
        key: keyOf('groupKey', idBytes(groupId), idBytes(keyIdOf(key))),
        value: encodeRow({ v: 1, key, order: first + index }),
      })),
      committed: () => {
        fresh.forEach((key, index) => {
          this.#remember(groupId, key, first + index)
        })
      },
    }
  }

  /** For callers without a batch of their own. */
  async store(groupId: GroupId, keys: readonly Bytes[]): Promise<number> {
    const change = this.add(groupId, keys)
    if (change.ops.length > 0) await this.#store.batch(change.ops)
    change.committed()
    return change.added
  }

  #remember(groupId: GroupId, key: Bytes, order: number): void {
    const group = this.#groups.get(groupId) ?? new Map<KeyId, { key: Bytes; order: number }>()
    group.set(keyIdOf(key), { key, order })
    this.#groups.set(groupId, group)
  }
}
