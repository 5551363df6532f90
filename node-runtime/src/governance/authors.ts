// From whom operations may come at all: the keys that some accepted operation has made a member. Whoever is none of them has a
// row at no cut of what is here, so that nothing has to be folded to refuse it: a stranger may name any cut.
import type { PublicKey } from '../base/ids.ts'
import type { Operation } from '../base/operations.ts'

export class Authors {
  readonly #keys = new Set<PublicKey>()

  /** `op` is accepted. That it may be void changes nothing: at its own cut it counts. */
  add({ body }: Operation): void {
    if (body.kind === 'namespace_created') this.#keys.add(body.admin.publicKey)
    if (body.kind === 'member_joined' || body.kind === 'tee_admitted') this.#keys.add(body.member.publicKey)
  }

  has(key: PublicKey): boolean {
    return this.#keys.has(key)
  }

  /** Why `op`, whose ancestors are all accepted, has no authority at its cut, whatever that is; undefined: it is to be folded. */
  refusal({ author, body }: Operation): string | undefined {
    if (body.kind === 'namespace_created') return undefined
    // Who joins comes on the word of a member.
    if (body.kind === 'member_joined')
      return this.has(body.invitation.inviter) ? undefined : 'the inviter is nobody here'
    return this.has(author) ? undefined : 'the author is nobody here'
  }
}
