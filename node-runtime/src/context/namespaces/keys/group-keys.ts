// The keys of a namespace's groups: which are named, which are here, which are lacking and how urgently, and handing them on.
// A key is asked for by its id: what is here already costs nobody anything again, however many a group has had.
import { type Bytes, concat } from '../../../base/bytes.ts'
import { type GroupId, idBytes, type KeyId, type NamespaceId, type PublicKey } from '../../../base/ids.ts'
import { type KemKeyPair, openSealed, sealTo } from '../../../base/keys.ts'
import type { Random } from '../../../base/random.ts'
import type { NamespaceState } from '../../../governance/namespace-state.ts'
import { KEYS_WANTED_MAX } from '../../../wire/limits.ts'
import { KEY_LOST_MS } from '../../limits.ts'
import type { GroupKey, KeyRing } from './key-ring.ts'
import type { NamedKeys } from './named-keys.ts'

interface GroupKeysParts {
  readonly id: NamespaceId
  readonly keyRing: KeyRing
  readonly kem: KemKeyPair
  readonly random: Random
  /** Follows the log. */
  readonly named: NamedKeys
  readonly nowMs: () => number
  readonly state: () => NamespaceState
}

export class GroupKeys {
  readonly #parts: GroupKeysParts
  /** Since when a fitting key of a group is named and not here. */
  readonly #wantedSinceMs = new Map<GroupId, number>()
  /** Keys of our log that something here was sealed with, and that were not here. */
  readonly #wanted = new Map<GroupId, Set<KeyId>>()

  constructor(parts: GroupKeysParts) {
    this.#parts = parts
  }

  /** Every group that the log has named, those included that are gone. */
  groups(): GroupId[] {
    return this.#parts.named.groups()
  }

  sealing(groupId: GroupId): GroupKey | undefined {
    for (const keyId of this.#parts.state().fittingKeys(groupId)) {
      const key = this.#parts.keyRing.find(groupId, keyId)
      if (!key) continue
      this.#wantedSinceMs.delete(groupId)
      return { keyId, key }
    }
    return undefined
  }

  opening(groupId: GroupId, keyId: KeyId): Bytes | undefined {
    const key = this.#parts.keyRing.find(groupId, keyId)
    if (!key && this.#parts.named.has(groupId, keyId)) {
      this.#wanted.set(groupId, (this.#wanted.get(groupId) ?? new Set<KeyId>()).add(keyId))
    }
    return key
  }

  /** False while a key of the group is to be fetched from others. */
  holdsOne(groupId: GroupId): boolean {
    return this.sealing(groupId) !== undefined || this.#parts.state().fittingKeys(groupId).length === 0
  }

  /**
   * The newest fitting key is lacking here, or one that something here was sealed with. Who holds an older one has no need of the
   * newest itself, but may be the only neighbour of somebody that has.
   */
  isLacking(groupId: GroupId): boolean {
    const [newest] = this.#parts.state().fittingKeys(groupId)
    const isHere = newest === undefined || this.#parts.keyRing.find(groupId, newest) !== undefined
    return !isHere || this.#wantedIn(groupId).size > 0
  }

  /** True once nobody has brought a key that fits for a while: who made it may be gone for good, and a new one is as good. */
  isLost(groupId: GroupId): boolean {
    const nowMs = this.#parts.nowMs()
    const sinceMs = this.#wantedSinceMs.get(groupId) ?? nowMs
    this.#wantedSinceMs.set(groupId, sinceMs)
    return nowMs - sinceMs >= KEY_LOST_MS
  }

  /**
   * What is named and not here: what something was sealed with, and those that fit, are `needed`. The others, the newest
   * first, are for what is still to come.
   */
  lacking(groupId: GroupId): { readonly needed: readonly KeyId[]; readonly others: readonly KeyId[] } {
    const isHere = (keyId: KeyId) => this.#parts.keyRing.find(groupId, keyId) !== undefined
    const fitting = this.#parts.state().fittingKeys(groupId)
    const needed = new Set([...this.#wantedIn(groupId), ...fitting.filter((keyId) => !isHere(keyId))])
    const others = this.#parts.named.lacking(groupId, isHere).filter((keyId) => !needed.has(keyId))
    return { needed: [...needed], others }
  }

  /**
   * Those of `wanted` that are here, each sealed to the member that asks as it is taken; none for who is not one. Whoever does
   * not say which gets those that fit, then the newest.
   */
  *sealedFor(groupId: GroupId, publicKey: PublicKey, wanted?: readonly KeyId[]): Generator<Bytes> {
    const { id, keyRing, random, state } = this.#parts
    const member = state().memberOf(publicKey)
    if (!member || !state().isMember(groupId, publicKey)) return
    const all = wanted ?? [...state().fittingKeys(groupId), ...this.#parts.named.of(groupId)]
    for (const keyId of new Set(all.slice(0, KEYS_WANTED_MAX))) {
      const key = this.#parts.named.has(groupId, keyId) ? keyRing.find(groupId, keyId) : undefined
      if (key) yield sealTo(member.kemKey, key, keyAad(id, groupId), random)
    }
  }

  /** Stores delivered keys that our log names. Returns how many are new. Throws KeyError for what was not sealed to us. */
  take(groupId: GroupId, sealed: readonly Bytes[]): Promise<number> {
    const { id, kem, keyRing } = this.#parts
    const keys = sealed.map((bytes) => openSealed(kem, bytes, keyAad(id, groupId)))
    return keyRing.store(groupId, keys, (keyId) => this.#parts.named.has(groupId, keyId))
  }

  #wantedIn(groupId: GroupId): ReadonlySet<KeyId> {
    const wanted = this.#wanted.get(groupId) ?? new Set()
    for (const keyId of wanted) if (this.#parts.keyRing.find(groupId, keyId)) wanted.delete(keyId)
    return wanted
  }
}

function keyAad(namespaceId: NamespaceId, groupId: GroupId): Bytes {
  return concat([idBytes(namespaceId), idBytes(groupId)])
}
