// The group keys this node holds. The key of the highest generation seals, of several the one with the highest id, so
// members that hold the same keys seal with the same one, however the keys came; all of them open.
import { type Bytes, concat, u32be } from '../base/bytes.ts'
import { type GroupId, idBytes, idFromBytes, type KeyId } from '../base/ids.ts'
import { keyIdOf } from '../base/keys.ts'
import { SerialQueue } from '../base/serial-queue.ts'
import { keyOf } from '../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../store/store.ts'
import { decodeRow, encodeRow, type GroupKeyRow } from '../wire/records.ts'
import { ContextError } from './errors.ts'
import { GROUP_KEYS_MAX, NAMESPACE_QUEUE_MAX } from './limits.ts'

export interface GroupKey {
  readonly keyId: KeyId
  readonly key: Bytes
}

/** A key with its generation: one more than the newest its maker knew, so a rotation supersedes what it saw. */
export interface KeyGeneration {
  readonly key: Bytes
  readonly generation: number
}

const KEY_LENGTH = 32

/** What travels sealed: the key and its generation. */
export function encodeKey({ key, generation }: KeyGeneration): Bytes {
  return concat([key, u32be(generation)])
}

/** Throws ContextError KEY_INVALID. */
export function decodeKey(bytes: Bytes): KeyGeneration {
  if (bytes.byteLength !== KEY_LENGTH + 4) {
    throw new ContextError('KEY_INVALID', `a delivered group key has ${bytes.byteLength} bytes, not ${KEY_LENGTH + 4}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { key: new Uint8Array(bytes.subarray(0, KEY_LENGTH)), generation: view.getUint32(KEY_LENGTH) }
}

interface Change {
  readonly ops: StoreOp[]
  readonly added: number
  committed(): void
}

export class KeyRing {
  readonly #store: Store
  readonly #groups = new Map<GroupId, Map<KeyId, KeyGeneration>>()
  readonly #deliveries = new SerialQueue(NAMESPACE_QUEUE_MAX)

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
      ring.#remember(groupId, { key: row.key, generation: row.order })
    }
    return ring
  }

  /** The key that seals; undefined while none has arrived. */
  newest(groupId: GroupId): GroupKey | undefined {
    let best: { keyId: KeyId; key: Bytes; generation: number } | undefined
    for (const [keyId, { key, generation }] of this.#groups.get(groupId) ?? []) {
      const isNewer = !best || generation > best.generation || (generation === best.generation && keyId > best.keyId)
      if (isNewer) best = { keyId, key, generation }
    }
    return best && { keyId: best.keyId, key: best.key }
  }

  find(groupId: GroupId, keyId: KeyId): Bytes | undefined {
    return this.#groups.get(groupId)?.get(keyId)?.key
  }

  /** All keys of a group, to hand them over. */
  all(groupId: GroupId): KeyGeneration[] {
    return [...(this.#groups.get(groupId)?.values() ?? [])]
  }

  /** Operations that add a key made here, of the next generation. Call `committed` after the batch. */
  add(groupId: GroupId, key: Bytes): Change {
    const generations = this.all(groupId).map(({ generation }) => generation)
    return this.#change(groupId, [{ key, generation: Math.max(-1, ...generations) + 1 }])
  }

  /** Keeps delivered keys. Resolves with how many are new. */
  store(groupId: GroupId, keys: readonly KeyGeneration[]): Promise<number> {
    return this.#deliveries.run(async () => {
      const change = this.#change(groupId, keys)
      if (change.ops.length > 0) await this.#store.batch(change.ops)
      change.committed()
      return change.added
    })
  }

  /** Of two generations told of one key, the higher counts: every order of deliveries ends alike. */
  #change(groupId: GroupId, keys: readonly KeyGeneration[]): Change {
    const group = this.#groups.get(groupId)
    const taken = new Map<KeyId, KeyGeneration>()
    let added = 0
    for (const given of keys) {
      const keyId = keyIdOf(given.key)
      const known = taken.get(keyId) ?? group?.get(keyId)
      if (known && known.generation >= given.generation) continue
      if (!known && (group?.size ?? 0) + added >= GROUP_KEYS_MAX) continue
      if (!known) added += 1
      taken.set(keyId, given)
    }
    return {
      added,
      ops: [...taken].map(([keyId, { key, generation }]) => ({
        type: 'put',
        key: keyOf('groupKey', idBytes(groupId), idBytes(keyId)),
        value: encodeRow({ v: 1, key, order: generation }),
      })),
      committed: () => {
        for (const given of taken.values()) this.#remember(groupId, given)
      },
    }
  }

  #remember(groupId: GroupId, given: KeyGeneration): void {
    const group = this.#groups.get(groupId) ?? new Map<KeyId, KeyGeneration>()
    group.set(keyIdOf(given.key), given)
    this.#groups.set(groupId, group)
  }
}
