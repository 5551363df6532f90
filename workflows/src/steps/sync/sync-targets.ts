// What wait_for_sync looks at: one context or group on several nodes, seen once, and whether what was seen agrees.
import { ClientError } from '../../client/client-error.ts'
import { hasKey, isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { SYNC_LAST_ANSWER_MS, SYNC_READ_PAUSE_MS, SYNC_READS, SYNC_REQUEST_TIMEOUT_MS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle, StepContext } from '../step-kind.ts'
import type { Unsettled } from './settled.ts'
import type { SyncTriggers } from './sync-triggers.ts'

export interface SyncTarget {
  readonly kind: 'context' | 'group'
  readonly id: string
}

export interface Sighting {
  readonly node: string
  readonly hash?: string
  /** Sorted, hex. Undefined: the node does not report heads. */
  readonly heads?: readonly string[]
  /** Heads of the governance, hex; of groups, where the node tells. */
  readonly governance?: readonly string[]
  /** Of a context: the node itself says that it is no member of its group any more, and gets nothing that is written since. */
  readonly isOutside?: true
  /** Why there is no hash. */
  readonly problem?: string
}

/** What every node showed of one target. */
export interface TargetSeen {
  readonly target: SyncTarget
  readonly sightings: readonly Sighting[]
}

export interface LookOptions {
  readonly signal: AbortSignal
  /** By the clock of the step: when the time of the wait is over. Absent: it is not this that ends it. */
  readonly untilMs?: number
}

/** All of them at once: one that a trigger holds up is seen later than the others. */
export function lookAtAll(
  nodes: readonly NodeHandle[],
  targets: readonly SyncTarget[],
  triggers: SyncTriggers | undefined,
  context: StepContext,
  options: LookOptions,
): Promise<TargetSeen[]> {
  return Promise.all(
    targets.map(async (target) => {
      const sightings = await Promise.all(nodes.map((node) => look(node, target, triggers, context, options)))
      return { target, sightings }
    }),
  )
}

/** Never rejects but by the signal: a node that cannot be read is a sighting, too. */
export async function look(
  node: NodeHandle,
  target: SyncTarget,
  triggers: SyncTriggers | undefined,
  context: StepContext,
  { untilMs = Number.POSITIVE_INFINITY, ...options }: LookOptions,
): Promise<Sighting> {
  const { clock } = context
  for (let read = 1; ; read += 1) {
    if (node.pausedBy !== undefined) return { node: node.name, problem: node.pausedBy }
    try {
      const request = () => ({ ...options, timeoutMs: answerWithinMs(untilMs - clock.nowMs()) })
      if (target.kind === 'context') await triggers?.ask(node, target.id, { ...options, untilMs })
      return await readOnce(node, target, request())
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof ClientError || error instanceof StepError)) throw error
      const isOver = read >= SYNC_READS || clock.nowMs() >= untilMs
      if (isOver || !(error instanceof ClientError && error.isNetworkFault)) {
        return { node: node.name, problem: error.message }
      }
      await clock.sleep(Math.min(SYNC_READ_PAUSE_MS, untilMs - clock.nowMs()), options.signal)
    }
  }
}

/** No longer than the wait, and long enough for an answer in any case. */
export function answerWithinMs(leftMs: number): number {
  return Math.min(SYNC_REQUEST_TIMEOUT_MS, Math.max(SYNC_LAST_ANSWER_MS, leftMs))
}

/** ClientError where the node does not answer. */
export async function readOnce(
  node: NodeHandle,
  target: SyncTarget,
  request: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Sighting> {
  const isContext = target.kind === 'context'
  const reply = isContext
    ? await node.client.getContext(target.id, request)
    : await node.client.getGroup(target.id, request)
  const field = isContext ? 'contextStateHash' : 'groupStateHash'
  const hash = isJsonObject(reply) && hasKey(reply, field) ? reply[field] : undefined
  if (typeof hash !== 'string' || hash === '') return { node: node.name, problem: `its reply has no ${field}` }
  if (!isJsonObject(reply)) return { node: node.name, hash }
  const heads = isContext ? readHeads(reply.dagHeads) : undefined
  const governance = isContext ? undefined : readHeads(reply.governanceHeads)
  const outside = isContext && reply.isMember === false && ({ isOutside: true } as const)
  return { node: node.name, hash, ...(heads && { heads }), ...(governance && { governance }), ...outside }
}

/** Sorted, hex. Undefined: none are told. */
export function readHeads(value: JsonValue | undefined): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.map((head) => (Array.isArray(head) ? hexOf(head) : String(head))).sort()
}

function hexOf(bytes: readonly JsonValue[]): string {
  return bytes.map((byte) => Number(byte).toString(16).padStart(2, '0')).join('')
}

/**
 * All have a hash, all hashes are equal, and so are the heads where nodes report them: equal roots of different heads are
 * a coincidence, not a synchronisation. A node that reports none beside nodes that do has none.
 */
export function agreed(sightings: readonly Sighting[]): string | undefined {
  const [first] = sightings
  if (first?.hash === undefined || sightings.some(({ hash }) => hash !== first.hash)) return undefined
  if (sightings.every(({ heads }) => heads === undefined)) return first.hash
  const texts = new Set(sightings.map(headsText))
  return texts.size === 1 ? first.hash : undefined
}

/** The nodes that the second of two looks at the same targets does not show as the first has, a line each. */
export function movedBetween(before: readonly TargetSeen[], after: readonly TargetSeen[]): Unsettled[] {
  const lines = before.flatMap(({ sightings }, at) =>
    sightings.flatMap((seen, of) => {
      const again = after[at]?.sightings[of]
      if (again && again.hash === seen.hash && headsText(again) === headsText(seen)) return []
      return [{ node: seen.node, what: again?.problem ?? 'it has changed while the nodes were looked at' }]
    }),
  )
  return [...new Map(lines.map((line) => [line.node, line])).values()]
}

export function headsText(sighting: Sighting): string {
  return (sighting.heads ?? []).join(',')
}
