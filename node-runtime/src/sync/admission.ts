// How an attested node asks connected ones to let it in: what is the attestation to be made for, and here it is. Who is no
// member yet knows of nobody who may let it in, so all are asked for the first, and one after the other for the second. Anybody
// may answer, and is believed only once the log that it shows has us in it.
import type { Clock } from '../base/clock.ts'
import type { AccountId, GroupId, NamespaceId, PublicKey } from '../base/ids.ts'
import type { Attestation, MemberKeys } from '../base/operations.ts'
import type { Random } from '../base/random.ts'
import type { Network, PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import { ask } from './conversation.ts'
import { SyncError } from './errors.ts'
import { ADMISSION_ANSWER_MS, ADMISSION_PATIENCE_MS, ADMISSION_PEERS_MAX, ADMISSION_SHOWN_MS } from './limits.ts'
import type { Challenge, PulledLog } from './ports.ts'
import { firstInTurn, pullOps } from './pulling.ts'

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

/** What somebody shows of a namespace; nothing of it is kept. */
export interface ShownLog extends PulledLog {
  /** Whether the group is one of that namespace, and the account an attested member there. */
  shows(groupId: GroupId, account: AccountId): boolean
}

interface Admitted {
  readonly attest: (challenge: Challenge & { readonly verifier: PublicKey }) => AdmissionRequest
  readonly trial: (namespaceId: NamespaceId) => ShownLog
  readonly signal: AbortSignal
}

export class AdmissionRequests {
  readonly #parts: AdmissionRequestsParts

  constructor(parts: AdmissionRequestsParts) {
    this.#parts = parts
  }

  /**
   * Resolves with the namespace of the group once a node has let us in, and its log shows it. Throws SYNC_NO_PEER with what
   * each of them said.
   */
  async askAdmission(groupId: GroupId, admitted: Admitted): Promise<NamespaceId> {
    const rest = new AbortController()
    const signal = AbortSignal.any([admitted.signal, rest.signal])
    const challenges = new Map(this.#some().map((peer) => [peer, this.#challenge(peer, groupId, signal)]))
    // Each is awaited in its turn, or not at all.
    for (const challenge of challenges.values()) challenge.catch(() => {})
    try {
      return await firstInTurn('a place by attestation', [...challenges.keys()], {
        patience: (next) => this.#parts.clock.setTimer(next, ADMISSION_PATIENCE_MS),
        attempt: async (peer) => {
          const challenge = await challenges.get(peer)
          if (!challenge) throw new SyncError('SYNC_INCOMPLETE', `${peer} did not answer`)
          await this.#enter(peer, { groupId, challenge, ...admitted, signal })
          return challenge.namespaceId
        },
      })
    } finally {
      rest.abort(new SyncError('SYNC_INCOMPLETE', 'another node was asked'))
    }
  }

  async #enter(
    peer: PeerId,
    asked: Admitted & { readonly groupId: GroupId; readonly challenge: Challenge },
  ): Promise<void> {
    const { network } = this.#parts
    const { namespaceId } = asked.challenge
    const request = asked.attest({ ...asked.challenge, verifier: publicKeyOfPeer(peer) })
    await this.#limited(asked.signal, ADMISSION_ANSWER_MS, async (signal) => {
      for await (const _ of ask({ network, peer, signal, request: { t: 'admit', ...request } })) {
        // Nothing but its end is waited for.
      }
    })
    const log = asked.trial(namespaceId)
    await this.#limited(asked.signal, ADMISSION_SHOWN_MS, (signal) => pullOps({ network, peer, signal }, log))
    if (log.shows(asked.groupId, request.member.account)) return
    throw new SyncError('SYNC_INCOMPLETE', `${peer} says that it let us in, and its log does not`)
  }

  #challenge(peer: PeerId, groupId: GroupId, given: AbortSignal): Promise<Challenge> {
    return this.#limited(given, ADMISSION_ANSWER_MS, async (signal) => {
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

  async #limited<T>(given: AbortSignal, limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController()
    const expire = () => late.abort(new SyncError('SYNC_TIMEOUT', `no answer within ${limitMs} ms`))
    const cancel = this.#parts.clock.setTimer(expire, limitMs)
    try {
      return await work(AbortSignal.any([given, late.signal]))
    } finally {
      cancel()
    }
  }
}
