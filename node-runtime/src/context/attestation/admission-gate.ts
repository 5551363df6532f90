// Lets attested nodes into the namespaces of this node, where our member may manage members and the policy names them. The
// log has the last word: what is checked here is that the node is who asks, and that it attests to us, now.
import { type Bytes, concat, equalBytes, utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { taggedHash } from '../../base/hash.ts'
import { type AccountId, type GroupId, idBytes, type NamespaceId, type PublicKey } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { CAPABILITY } from '../../governance/capabilities.ts'
import { refusalBy } from '../../governance/rules/attested.ts'
import { verifyAttestation } from '../../wire/attestation.ts'
import { ContextError } from '../errors.ts'
import { CHALLENGE_MS } from '../limits.ts'
import type { Namespace } from '../namespaces/namespace.ts'
import type { Namespaces } from '../namespaces/namespaces.ts'
import type { Admission, Challenge } from '../ports.ts'

export interface AdmissionGateParts {
  readonly namespaces: Namespaces
  readonly identity: { readonly publicKey: PublicKey }
  readonly account: AccountId
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const SECRET_BYTES = 32

export class AdmissionGate {
  readonly #parts: AdmissionGateParts
  /** Challenges are made of it, so that none has to be remembered: whoever asks for many costs nothing. */
  readonly #secret: Bytes

  constructor(parts: AdmissionGateParts) {
    this.#parts = parts
    this.#secret = parts.random.bytes(SECRET_BYTES)
  }

  /** Throws ContextError GROUP_NOT_FOUND, and NOT_ALLOWED where no node is let in by us. */
  challenge(groupId: GroupId, asker: PublicKey): Challenge {
    const namespace = this.#parts.namespaces.ofGroup(groupId)
    this.#requireRight(namespace)
    return { namespaceId: namespace.id, nonce: this.#nonce(namespace.id, asker, this.#period()) }
  }

  /** Resolves when the asker is a member here; others hear of it by gossip. Throws NOT_ALLOWED with what is against it. */
  async admit(asker: PublicKey, { namespaceId, member, attestation }: Admission): Promise<void> {
    const { namespaces, identity, log } = this.#parts
    const namespace = namespaces.get(namespaceId)
    const isIn = () => namespace.state.roleIn(namespaceId, member.account) === 'ReadOnlyTee'
    if (member.publicKey !== asker) throw new ContextError('NOT_ALLOWED', 'a node is let in by its own key alone')
    if (!this.#isFresh(namespaceId, asker, attestation.nonce)) {
      throw new ContextError('NOT_ALLOWED', 'the attestation was not made for what was asked, or too late')
    }
    if (!verifyAttestation({ namespaceId, verifier: identity.publicKey, member }, attestation)) {
      throw new ContextError('NOT_ALLOWED', 'the attestation is not that of the node’s key')
    }
    if (isIn()) return
    this.#requireRight(namespace)
    // The log would say the same; here it costs no signature, and none waits behind it.
    const refusal = refusalBy(namespace.state.groups.get(namespaceId)?.teePolicy, attestation)
    if (refusal !== undefined) throw new ContextError('NOT_ALLOWED', refusal)
    try {
      await namespace.submit({ kind: 'tee_admitted', member, attestation })
    } catch (error) {
      // Asked twice at once, or let in by another member at the same time.
      if (isIn()) return
      throw error
    }
    log.info({ namespaceId, account: member.account, provider: attestation.provider }, 'attested node let in')
  }

  #requireRight({ id, state }: Namespace): void {
    const { account } = this.#parts
    if ((state.capabilitiesIn(id, account) & CAPABILITY.manageMembers) === 0) {
      throw new ContextError('NOT_ALLOWED', 'this node’s member lets nobody in')
    }
    if (state.groups.get(id)?.teePolicy === undefined) {
      throw new ContextError('NOT_ALLOWED', 'the namespace lets no attested nodes in')
    }
  }

  #period(): number {
    return Math.floor(this.#parts.clock.nowMs() / CHALLENGE_MS)
  }

  #isFresh(namespaceId: NamespaceId, asker: PublicKey, nonce: Bytes): boolean {
    const now = this.#period()
    return [now, now - 1].some((period) => equalBytes(nonce, this.#nonce(namespaceId, asker, period)))
  }

  #nonce(namespaceId: NamespaceId, asker: PublicKey, period: number): Bytes {
    const about = concat([this.#secret, idBytes(namespaceId), idBytes(asker), utf8(String(period))])
    return taggedHash('calbox/challenge/1', about)
  }
}
