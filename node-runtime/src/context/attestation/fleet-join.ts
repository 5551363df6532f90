// An attested node joins: it asks connected nodes to let it in until one does, and then takes part as any member. It says
// what stood in the way when its time is over; nothing goes on behind it.
import type { Clock } from '../../base/clock.ts'
import type { GroupId } from '../../base/ids.ts'
import { until, WaitError } from '../../base/until.ts'
import { ContextError } from '../errors.ts'
import { ADMISSION_RETRY_MS, ADMISSION_WAIT_MS } from '../limits.ts'
import type { Namespace } from '../namespaces/namespace.ts'
import type { Namespaces } from '../namespaces/namespaces.ts'
import type { AdmissionOutbound } from '../ports.ts'
import type { Attester } from './attester.ts'
import { TrialLog } from './trial-log.ts'

export interface FleetJoinParts {
  readonly namespaces: Namespaces
  readonly outbound: AdmissionOutbound
  readonly clock: Clock
  /** Absent: this node runs in no trusted environment. */
  readonly attester: Attester | undefined
}

export type FleetJoined =
  | { readonly namespace: Namespace }
  /** `why`: what stood in the way last. */
  | { readonly namespace: undefined; readonly why: string }

export class FleetJoin {
  readonly #parts: FleetJoinParts

  constructor(parts: FleetJoinParts) {
    this.#parts = parts
  }

  get attester(): Attester | undefined {
    return this.#parts.attester
  }

  /**
   * Resolves when our member is in the namespace of the group, with its key, or with what stood in the way for 30 s. Throws
   * NOT_ATTESTED where this node runs in no trusted environment, NOT_ALLOWED for a member that came in another way.
   */
  async join(groupId: GroupId, { signal }: { readonly signal: AbortSignal }): Promise<FleetJoined> {
    const attester = this.attester
    if (!attester) throw notAttested()
    const known = this.#member(groupId)
    if (known) return { namespace: known }
    const { clock } = this.#parts
    try {
      return await until<FleetJoined>({
        what: `a node that lets this one in to group ${groupId}`,
        clock,
        timeoutMs: ADMISSION_WAIT_MS,
        intervalMs: ADMISSION_RETRY_MS,
        signal,
        probe: async () => {
          try {
            return { done: { namespace: await this.#ask(groupId, attester, signal) } }
          } catch (error) {
            signal.throwIfAborted()
            return { seen: error instanceof Error ? error.message : String(error) }
          }
        },
      })
    } catch (cause) {
      if (!(cause instanceof WaitError)) throw cause
      return { namespace: undefined, why: cause.message }
    }
  }

  async #ask(groupId: GroupId, attester: Attester, signal: AbortSignal): Promise<Namespace> {
    const { namespaces, outbound } = this.#parts
    const member = namespaces.ownKeys
    const id = await outbound.askAdmission(groupId, {
      attest: (challenge) => ({
        namespaceId: challenge.namespaceId,
        member,
        attestation: attester.attest({ ...challenge, member }),
      }),
      trial: (namespaceId) => new TrialLog(namespaceId),
      signal,
    })
    return namespaces.enter({ id, groupId: id }, { signal })
  }

  /** Of which namespace our member is an attested one already. */
  #member(groupId: GroupId): Namespace | undefined {
    const namespace = this.#parts.namespaces.list().find(({ state }) => state.groups.has(groupId))
    if (!namespace) return undefined
    const role = namespace.state.roleIn(namespace.id, namespace.ownKeys.account)
    if (role === undefined || role === 'ReadOnlyTee') return role && namespace
    throw new ContextError('NOT_ALLOWED', `this node’s member is in namespace ${namespace.id} already, as ${role}`)
  }
}

export function notAttested(): ContextError {
  return new ContextError(
    'NOT_ATTESTED',
    'this node runs in no trusted execution environment (TEE) that it can attest: real quotes are not supported, and the mock, for tests, needs calnode run --mock-tee',
  )
}
