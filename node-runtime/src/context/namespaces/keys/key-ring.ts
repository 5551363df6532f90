// The group keys this node holds, by the id that the governance log names. Which of them seals is the log's to say.
import type { Bytes } from '../../../base/bytes.ts'
import { type GroupId, idBytes, idFromBytes, type KeyId } from '../../../base/ids.ts'
import { keyIdOf } from '../../../base/keys.ts'
import { SerialQueue } from '../../../base/serial-queue.ts'
import { keyOf } from '../../../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../../../store/store.ts'
import { decodeRow, encodeRow, type GroupKeyRow } from '../../../wire/records.ts'
import { NAMESPACE_QUEUE_MAX } from '../../limits.ts'

export interface GroupKey {
  readonly keyId: KeyId
  readonly key: Bytes
}

export class KeyRing {
  readonly #store: Store
  readonly #groups = new Map<GroupId, Map<KeyId, Bytes>>()
  readonly #deliveries = new SerialQueue(NAMESPACE_QUEUE_MAX)

  private constructor(store: Store) {
    this.#store = store
  }

  static async open(store: Store): Promise<KeyRing> {
    const ring = new KeyRing(store)
    const start = keyOf('groupKey').byteLength
    for await (const [at, value] of store.entries(rangeOf(keyOf('groupKey')))) {
      const groupId = idFromBytes<GroupId>(at.subarray(start, start + 32))
      ring.#remember(groupId, decodeRow<GroupKeyRow>('group key', value).key)
    }
    return ring
  }

  find(groupId: GroupId, keyId: KeyId): Bytes | undefined {
    return this.#groups.get(groupId)?.get(keyId)
  }

  /** All keys of a group, to hand them over. */
  all(groupId: GroupId): Bytes[] {
    return [...(this.#groups.get(groupId)?.values() ?? [])]
  }

  /** A key made here: goes into the batch of the operation that names it. Call `committed` after the batch. */
  add(groupId: GroupId, key: Bytes): { readonly op: StoreOp; committed(): void } {
    return { op: rowOf(groupId, key), committed: () => this.#remember(groupId, key) }
  }

  /** Keeps delivered keys that the log names. Resolves with how many are new. */
  store(groupId: GroupId, keys: readonly Bytes[], isNamed: (keyId: KeyId) => boolean): Promise<number> {
    return this.#deliveries.run(async () => {
      const fresh = new Map(keys.map((key) => [keyIdOf(key), key]))
      for (const keyId of fresh.keys()) if (!isNamed(keyId) || this.find(groupId, keyId)) fresh.delete(keyId)
      if (fresh.size === 0) return 0
      await this.#store.batch([...fresh.values()].map((key) => rowOf(groupId, key)))
      for (const key of fresh.values()) this.#remember(groupId, key)
      return fresh.size
    })
  }

  /** All keys of these groups. */
  async drop(groupIds: readonly GroupId[]): Promise<void> {
    const rows = groupIds.flatMap((id) =>
      this.all(id).map((key): StoreOp => ({ type: 'del', key: rowOf(id, key).key })),
    )
    if (rows.length > 0) await this.#store.batch(rows)
    for (const id of groupIds) this.#groups.delete(id)
  }

  #remember(groupId: GroupId, key: Bytes): void {
    const group = this.#groups.get(groupId) ?? new Map<KeyId, Bytes>()
    group.set(keyIdOf(key), key)
    this.#groups.set(groupId, group)
  }
}

function rowOf(groupId: GroupId, key: Bytes): StoreOp {
  return {
    type: 'put',
    key: keyOf('groupKey', idBytes(groupId), idBytes(keyIdOf(key))),
    value: encodeRow({ v: 1, key }),
  }
}
