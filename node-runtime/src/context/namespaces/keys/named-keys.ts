// The keys that operations of a log name, whatever became of the operations: a member may have made one while others removed
// it. That key seals nothing new (`governance/`), but what honest members sealed with it before they knew counts, and
// everybody has to read it.
import type { GroupId, KeyId } from '../../../base/ids.ts'
import type { SignedOp } from '../../../wire/op.ts'

export class NamedKeys {
  readonly #byGroup = new Map<GroupId, Set<KeyId>>()
  /** Of those, what was not here when it was last asked. */
  readonly #lacking = new Map<GroupId, Set<KeyId>>()

  add({ namespaceId, body }: Pick<SignedOp, 'namespaceId' | 'body'>): void {
    if (body.kind === 'namespace_created') this.#add(namespaceId, body.keyId)
    if (body.kind === 'group_created' || body.kind === 'key_rotated') this.#add(body.groupId, body.keyId)
  }

  has(groupId: GroupId, keyId: KeyId): boolean {
    return this.#byGroup.get(groupId)?.has(keyId) ?? false
  }

  /** Groups of the log, those included that are gone. */
  groups(): GroupId[] {
    return [...this.#byGroup.keys()]
  }

  /** Those that are not here, the newest first. Looks at what was lacking the last time, and what was named since. */
  lacking(groupId: GroupId, isHere: (keyId: KeyId) => boolean): KeyId[] {
    const lacking = this.#lacking.get(groupId) ?? new Set<KeyId>()
    for (const keyId of lacking) if (isHere(keyId)) lacking.delete(keyId)
    return [...lacking].reverse()
  }

  /** The newest first. */
  of(groupId: GroupId): KeyId[] {
    return [...(this.#byGroup.get(groupId) ?? [])].reverse()
  }

  #add(groupId: GroupId, keyId: KeyId): void {
    if (this.has(groupId, keyId)) return
    for (const keys of [this.#byGroup, this.#lacking]) {
      keys.set(groupId, (keys.get(groupId) ?? new Set<KeyId>()).add(keyId))
    }
  }
}
