// The keys that operations of a log name, whatever became of the operations: a member may have made one while others removed
// it. That key seals nothing new (`governance/`), but what honest members sealed with it before they knew counts, and
// everybody has to read it.
import type { GroupId, KeyId } from '../../base/ids.ts'
import type { SignedOp } from '../../wire/op.ts'

export class NamedKeys {
  readonly #byGroup = new Map<GroupId, Set<KeyId>>()

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

  /** The newest first. */
  of(groupId: GroupId): KeyId[] {
    return [...(this.#byGroup.get(groupId) ?? [])].reverse()
  }

  #add(groupId: GroupId, keyId: KeyId): void {
    this.#byGroup.set(groupId, (this.#byGroup.get(groupId) ?? new Set<KeyId>()).add(keyId))
  }
}
