// How an attested node asks connected ones to let it in: what is the attestation to be made for, and here it is. Who is no
// member yet knows of nobody who may let it in, so all are asked for the first, and one after the other for the second.
import type { Clock } from '../base/clock.ts'
import type { GroupId, NamespaceId, PublicKey } from '../base/ids.ts'
import type { Attestation, MemberKeys } from '../base/operations.ts'
import type { Random } from '../base/random.ts'
import type { Network, PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import { ask } from './conversation.ts'
import { SyncError } from './errors.ts'
import { ADMISSION_ANSWER_MS, ADMISSION_PEERS_MAX } from './limits.ts'
import type { Challenge } from './ports.ts'
import { firstOf } from './pulling.ts'

export interface AdmissionRequestsParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
}

export interface AdmissionRequest {
  readonly namespaceId: NamespaceId
  readonly member: MemberKeys
  readonly attestation: Attestation
}

type Attest = (challenge: Challenge & { readonly verifier: PublicKey }) => AdmissionRequest

export class AdmissionRequests {
  readonly #parts: AdmissionRequestsParts

  constructor(parts: AdmissionRequestsParts) {
    this.#parts = parts
  }

  /** Resolves with the namespace of the group once a node has let us in. Throws SYNC_NO_PEER with what each of them said. */
  async askAdmission(
    groupId: GroupId,
    attest: Attest,
    options: { readonly signal: AbortSignal },
  ): Promise<NamespaceId> {
    const asked = this.#some().map((peer) => ({ peer, challenge: this.#challenge(peer, groupId, options.signal) }))
    await Promise.allSettled(asked.map(({ challenge }) => challenge))
    const challenges = new Map(asked.map(({ peer, challenge }) => [peer, challenge]))
    return firstOf('a place by attestation', [...challenges.keys()], async (peer) => {
      const challenge = await challenges.get(peer)
      if (!challenge) throw new SyncError('SYNC_INCOMPLETE', `${peer} did not answer`)
      const request = attest({ ...challenge, verifier: publicKeyOfPeer(peer) })
      await this.#limited(options.signal, async (signal) => {
        for await (const _ of ask({
          network: this.#parts.network,
          peer,
          signal,
          request: { t: 'admit', ...request },
        })) {
          // Nothing but its end is waited for.
        }
      })
      return challenge.namespaceId
    })
  }

  #challenge(peer: PeerId, groupId: GroupId, given: AbortSignal): Promise<Challenge> {
    return this.#limited(given, async (signal) => {
      const request = { t: 'attest' as const, groupId }
      for await (const frame of ask({ network: this.#parts.network, peer, signal, request })) {
        if (frame.t === 'challenge') return { namespaceId: frame.namespaceId, nonce: frame.nonce }
      }
      throw new SyncError('SYNC_INCOMPLETE', `${peer} did not say what to attest`)
    })
  }

  /** In random order, so that others are asked the next time. */
  #some(): PeerId[] {
    const { network, random } = this.#parts
    const drawn = network.peers().map((peer) => ({ peer, at: random.float() }))
    return drawn
      .sort((a, b) => a.at - b.at)
      .slice(0, ADMISSION_PEERS_MAX)
      .map(({ peer }) => peer)
  }

  async #limited<T>(given: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController()
    const expire = () => late.abort(new SyncError('SYNC_TIMEOUT', `no answer within ${ADMISSION_ANSWER_MS} ms`))
    const cancel = this.#parts.clock.setTimer(expire, ADMISSION_ANSWER_MS)
    try {
      return await work(AbortSignal.any([given, late.signal]))
    } finally {
      cancel()
    }
  }
}
