// `after: sync`: waits until the node of the step has applied what the calls before it wrote in its context on other nodes.
// Nothing is triggered: the nodes do it by themselves, as for the clients of an application.
import { ClientError } from '../../client/client-error.ts'
import { formatDuration } from '../../report/format-duration.ts'
import {
  AFTER_SYNC_FIRST_MS,
  AFTER_SYNC_PAUSE_MAX_MS,
  AFTER_SYNC_SEC,
  SYNC_REQUEST_TIMEOUT_MS,
} from '../../steps/limits.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { deltaPlace, isSettled } from '../../steps/sync/delta-place.ts'
import { diagnose, shortDelta, sightHeads } from '../../steps/sync/diagnosis.ts'
import { agreed, look, type Sighting } from '../../steps/sync/sync-targets.ts'
import type { StepScope } from '../steps/step-scope.ts'
import type { LedgerEntry, WriteLedger } from './write-ledger.ts'

type Options = { signal: AbortSignal }

const REQUEST_MIN_MS = 1_000

/** Rejects with StepError `timeout`, which says what is missing and why. */
export async function afterSync(
  syncSec: number | undefined,
  ledger: WriteLedger,
  scope: StepScope,
  options: Options,
): Promise<void> {
  const { node: name, context_id: id } = scope.step.input
  const node = scope.nodeOfRun(String(name ?? ''))
  const contextId = scope.text(id ?? '')
  let left = ledger.writesBefore(contextId, node.name)
  const started = scope.clock.nowMs()
  const untilMs = started + (syncSec ?? AFTER_SYNC_SEC) * 1000
  let seen = ''
  if (left.length > 0) scope.progress(`waiting until ${node.name} has what ${authorsOf(left).join(', ')} wrote`)
  for (let pauseMs = AFTER_SYNC_FIRST_MS; ; pauseMs = Math.min(AFTER_SYNC_PAUSE_MAX_MS, pauseMs * 2)) {
    const open: LedgerEntry[] = []
    for (const write of left) {
      // A node that hangs must not use up more than the time that is left, and gets a second at least.
      const timeoutMs = Math.max(REQUEST_MIN_MS, Math.min(SYNC_REQUEST_TIMEOUT_MS, untilMs - scope.clock.nowMs()))
      const problem = await whyNotApplied(write, node, contextId, scope, { ...options, timeoutMs })
      if (problem === undefined) continue
      if (open.length === 0) seen = problem
      open.push(write)
    }
    left = open
    if (left.length === 0) return
    const leftMs = untilMs - scope.clock.nowMs()
    if (leftMs <= 0) break
    scope.progress(`waiting for sync: ${seen}`)
    await scope.clock.sleep(Math.min(leftMs, pauseMs), options.signal)
  }
  const took = formatDuration(scope.clock.nowMs() - started)
  throw await late({ left, node, contextId, seen, took }, scope, options)
}

/** Undefined: it is. */
async function whyNotApplied(
  { node: author, deltaId }: LedgerEntry,
  node: NodeHandle,
  contextId: string,
  scope: StepScope,
  request: Options & { readonly timeoutMs: number },
): Promise<string | undefined> {
  try {
    const place = deltaId === undefined ? undefined : await deltaPlace(node, contextId, deltaId, request)
    if (place === undefined) return await whyNotAgreed(author, node, { contextId, deltaId }, scope, request)
    if (isSettled(place)) return undefined
    const state = place.state === 'unknown' ? 'has not come' : `is ${place.state}`
    const reason = place.reason === undefined ? '' : ` (waits for ${place.reason})`
    return `${shortDelta(place.id)} of ${author} ${state}${reason}`
  } catch (error) {
    request.signal.throwIfAborted()
    if (error instanceof ClientError || error instanceof StepError) return error.message
    throw error
  }
}

/** For nodes that do not tell where a delta is: it is applied where it is a head, or where both have the same state. */
async function whyNotAgreed(
  author: string,
  node: NodeHandle,
  { contextId, deltaId }: { readonly contextId: string; readonly deltaId: string | undefined },
  scope: StepScope,
  options: Options,
): Promise<string | undefined> {
  const target = { kind: 'context', id: contextId } as const
  const seen = await Promise.all(
    [scope.nodeOfRun(author), node].map((each): Promise<Sighting> => look(each, target, undefined, scope, options)),
  )
  const own = seen[1]?.heads ?? []
  if (deltaId !== undefined && own.includes(deltaId)) return undefined
  if (agreed(seen) !== undefined) return undefined
  const problem = seen.find((each) => each.problem !== undefined)
  return problem === undefined
    ? `${node.name} does not have the state of ${author}`
    : `${problem.node} cannot be read: ${problem.problem}`
}

function authorsOf(writes: readonly LedgerEntry[]): string[] {
  return [...new Set(writes.map((write) => write.node))]
}

interface Late {
  readonly left: readonly LedgerEntry[]
  readonly node: NodeHandle
  readonly contextId: string
  readonly seen: string
  readonly took: string
}

async function late(
  { left, node, contextId, seen, took }: Late,
  scope: StepScope,
  options: Options,
): Promise<StepError> {
  const nodes = [node, ...authorsOf(left).map((author) => scope.nodeOfRun(author))]
  const sighted = await sightHeads(contextId, nodes, options)
  const diagnoses = await diagnose(contextId, sighted, options)
  const lines = diagnoses.flatMap((each) => each.lines.map((line) => `\n  ${line}`)).join('')
  const authors = authorsOf(left).join(', ')
  const message = `after: sync: ${node.name} has not applied what ${authors} wrote, after ${took}: ${seen}${lines}`
  return new StepError('timeout', message, { field: 'after', node: node.name })
}
