import { durationField, type Static, Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import { formatDuration } from '../../report/format-duration.ts'
import { durationMs } from '../../values/duration.ts'
import { hasKey, isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { stringifyLosslessJson } from '../../values/json/lossless-json.ts'
import { resolve } from '../../values/placeholders.ts'
import { pythonEqual } from '../../values/python/python-equal.ts'
import { shortened } from '../../values/shortened.ts'
import { ValuesError } from '../../values/values-error.ts'
import { strictText } from '../check/match-paths.ts'
import { closed } from '../fields.ts'
import {
  SHOWN_VALUE_MAX_CHARS,
  SYNC_BACKOFF,
  SYNC_FIRST_INTERVAL_SEC,
  SYNC_INTERVAL_SEC,
  SYNC_JITTER_MS,
  SYNC_TIMEOUT_SEC,
} from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { diagnose, type NodeDiagnosis } from './diagnosis.ts'
import { diagnoseGovernance, groupOfContext } from './governance-diagnosis.ts'
import { findUnsettled } from './settled.ts'
import {
  describeCheck,
  nodeToLookAt,
  outsideHelp,
  type SyncCheck,
  type SyncTiming,
  syncFacts,
  syncPayload,
  unreadLines,
} from './sync-report.ts'
import { agreed, answerWithinMs, type LookOptions, lookAtAll, movedBetween, type SyncTarget } from './sync-targets.ts'
import { SyncTriggers } from './sync-triggers.ts'

const schema = Type.Object(
  {
    nodes: Type.Array(Type.String(), { minItems: 2, uniqueItems: true, description: 'Nodes that have to agree.' }),
    context_id: Type.Optional(
      Type.String({ minLength: 1, description: 'Compare the state and the heads of this context.' }),
    ),
    group_id: Type.Optional(
      Type.String({ minLength: 1, description: 'Compare the governance of this group or namespace.' }),
    ),
    timeout: Type.Optional(durationField('How long to wait', { isWhole: true, minimum: 1, default: SYNC_TIMEOUT_SEC })),
    check_interval: Type.Optional(durationField('Longest pause between two checks', { default: SYNC_INTERVAL_SEC })),
    initial_check_interval: Type.Optional(durationField('First pause', { default: SYNC_FIRST_INTERVAL_SEC })),
    backoff_factor: Type.Optional(
      Type.Number({ minimum: 1, default: SYNC_BACKOFF, description: 'Growth of the pause.' }),
    ),
    retry_attempts: Type.Optional(Type.Integer({ minimum: 1, description: 'At most this many checks.' })),
    trigger_sync: Type.Optional(
      Type.Boolean({ default: true, description: 'Ask the nodes to synchronise before each check (contexts).' }),
    ),
    settled: Type.Optional(
      Type.Boolean({
        description:
          'Also the governance of the context must be equal, and no delta, event handler or call may wait. false: not looked at, as merobox does.',
        default: true,
      }),
    ),
    expect: Type.Optional(
      Type.Object(
        {
          method: Type.String({ minLength: 1 }),
          args: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
          equals: Type.Unknown({ description: 'The result of the call, e.g. {output: value}.' }),
        },
        { ...closed, description: 'A read that must give this on every node, once they agree. Needs context_id.' },
      ),
    ),
  },
  closed,
)
type Input = Static<typeof schema>
type Options = { signal: AbortSignal }
type Looking = LookOptions & { readonly untilMs: number }

export const waitForSync = defineStep({
  kind: 'wait_for_sync',
  summary: 'Wait until nodes have the same state and heads of a context, the same governance of a group, or both.',
  schema,
  lateFields: ['nodes'],
  outputs: [
    { name: 'root_hash', description: 'The hash that all have.' },
    { name: 'context_state_hash', description: 'Of the context.' },
    { name: 'group_state_hash', description: 'Of the group.' },
    { name: 'elapsed_seconds', description: 'How long it took.' },
    { name: 'attempts', description: 'How many checks it took.' },
    { name: 'synced', description: 'true.' },
    { name: 'targets', description: 'Hash by target.' },
    { name: 'per_target_node_hashes', description: 'Hash by target and node.' },
    { name: 'per_node_expect', description: 'With expect: what each node read.' },
  ],
  honoursExpectedFailure: false,
  checks: ({ context_id, group_id, expect, settled }) => {
    if (context_id === undefined && group_id === undefined) {
      return [{ path: [], message: 'neither "context_id" nor "group_id" is given', hint: 'say what has to agree' }]
    }
    if (context_id !== undefined) return []
    return [
      ...(expect === undefined
        ? []
        : [{ path: ['expect'], message: '"expect" needs "context_id": it is a call in that context' }]),
      ...(settled === undefined
        ? []
        : [{ path: ['settled'], message: '"settled" needs "context_id": it is about what waits in that context' }]),
    ]
  },
  async run(input, context, options) {
    const nodes = input.nodes.map((name) => context.node(name))
    const targets = targetsOf(input, context)
    // A variable that is not set will not be: this is no failure to wait for.
    expectedOf(context)
    const waited = await waitForAgreement(input, nodes, targets, context, options)
    const payload = syncPayload(waited.check, waited)
    const took = formatDuration(waited.elapsedMs)
    if (isProven(waited.check)) {
      return { payload, summary: `${nodes.length} nodes agree after ${took}, ${counted(waited.attempts)}` }
    }
    captureLeniently(payload, context)
    throw await notInSync(waited, nodes, context, options)
  },
})

/** Nodes that must have the same state, heads and governance of a context, with nothing that waits. Gives how long it took, ms. */
export async function waitUntilAgreed(
  { nodes, contextId, timeoutSec }: { nodes: readonly NodeHandle[]; contextId: string; timeoutSec: number },
  context: StepContext,
  options: Options,
): Promise<number> {
  const input: Input = { nodes: nodes.map(({ name }) => name), timeout: timeoutSec }
  const waited = await waitForAgreement(input, nodes, [{ kind: 'context', id: contextId }], context, options)
  if (isProven(waited.check)) return waited.elapsedMs
  throw await notInSync(waited, nodes, context, options)
}

/** Equal, and nothing is known that may still change it. */
function isProven({ converged, unsettled }: SyncCheck): boolean {
  return converged && unsettled === undefined
}

async function notInSync(
  { check, elapsedMs, attempts }: SyncTiming & { check: SyncCheck },
  nodes: readonly NodeHandle[],
  context: StepContext,
  options: Options,
): Promise<StepError> {
  const after = `${formatDuration(elapsedMs)} and ${counted(attempts)}`
  const seen = describeCheck(check)
  const diagnoses = await diagnosesOf(check, nodes, options)
  const lines = [...unreadLines(check), ...diagnoses.flatMap((each) => each.lines)]
    .map((line) => `\n  ${line}`)
    .join('')
  const { unmet, converged } = check
  const details = { perNode: syncFacts(check, diagnoses), node: nodeToLookAt(check) }
  if (unmet !== undefined && unmet.length > 0) {
    const message = `${seen}, after ${after}${describeExpected(check, context)}${lines}`
    return new StepError('timeout', message, { ...details, field: 'expect' })
  }
  if (converged) {
    const help = 'settled: false compares state and heads only, as merobox does'
    return new StepError('timeout', `${seen}, after ${after}${lines}`, { ...details, field: 'settled', help })
  }
  const help = outsideHelp(check)
  const message = `the nodes do not agree after ${after}: ${seen}${lines}`
  return new StepError('timeout', message, { ...details, ...(help !== undefined && { help }) })
}

function counted(checks: number): string {
  return checks === 1 ? '1 check' : `${checks} checks`
}

/** Of the context and of the governance, of what differs or waits. */
async function diagnosesOf(
  check: SyncCheck,
  nodes: readonly NodeHandle[],
  options: Options,
): Promise<readonly NodeDiagnosis[]> {
  const context = check.targets.find(({ target }) => target.kind === 'context')
  const group = check.targets.find(
    ({ target, sightings }) => target.kind === 'group' && agreed(sightings) === undefined,
  )
  const sighted = nodes.map((node) => {
    const sighting = context?.sightings.find((each) => each.node === node.name)
    return { node, heads: sighting?.problem === undefined ? (sighting?.heads ?? []) : undefined }
  })
  const ofContext = context === undefined ? [] : await diagnose(context.target.id, sighted, options)
  const isUnsettled = context !== undefined && check.unsettled !== undefined
  const groupId =
    group?.target.id ?? (isUnsettled ? await groupOfContext(context.target.id, nodes, options) : undefined)
  return [...ofContext, ...(groupId === undefined ? [] : await diagnoseGovernance(groupId, nodes, options))]
}

function describeExpected(check: SyncCheck, context: StepContext): string {
  const wanted = expectedOf(context)?.equals ?? null
  const seen = [...(check.expected ?? [])].map(([node, value]) => `\n  ${node}: ${shownValue(value)}`)
  return `\n  expected: ${shownValue(wanted)}${seen.join('')}`
}

/** ValuesError for a placeholder that is not set. */
function expectedOf(context: StepContext): { method: string; args: JsonValue; equals: JsonValue } | undefined {
  const { expect } = context.step.input
  if (!isJsonObject(expect)) return undefined
  const strictly = (value: JsonValue) => resolve(value, context.variables, { strict: true })
  return { method: String(expect.method), args: strictly(expect.args ?? {}), equals: strictly(expect.equals ?? null) }
}

function shownValue(value: JsonValue): string {
  return shortened(stringifyLosslessJson(value), SHOWN_VALUE_MAX_CHARS)
}

function targetsOf(input: Input, context: StepContext): SyncTarget[] {
  const targets: SyncTarget[] = []
  if (input.context_id !== undefined) targets.push({ kind: 'context', id: strictText(input.context_id, context) })
  if (input.group_id !== undefined) targets.push({ kind: 'group', id: strictText(input.group_id, context) })
  return targets
}

async function waitForAgreement(
  input: Input,
  nodes: readonly NodeHandle[],
  targets: readonly SyncTarget[],
  context: StepContext,
  options: Options,
): Promise<SyncTiming & { check: SyncCheck }> {
  const started = context.clock.nowMs()
  const elapsed = () => context.clock.nowMs() - started
  const timeoutMs = durationMs(input.timeout ?? SYNC_TIMEOUT_SEC)
  const looking = { ...options, untilMs: started + timeoutMs }
  const capMs = durationMs(input.check_interval ?? SYNC_INTERVAL_SEC)
  let pauseMs = Math.min(capMs, durationMs(input.initial_check_interval ?? SYNC_FIRST_INTERVAL_SEC))
  const triggers = (input.trigger_sync ?? true) ? new SyncTriggers(context.clock) : undefined
  let attempts = 0
  let haveAgreed = false
  while (attempts < (input.retry_attempts ?? Number.POSITIVE_INFINITY)) {
    attempts += 1
    const check = await checkOnce(nodes, targets, triggers, context, looking)
    if (isProven(check)) return { check, attempts, elapsedMs: elapsed() }
    haveAgreed ||= check.converged
    context.progress(`${describeCheck(check)} (check ${attempts})`)
    const leftMs = timeoutMs - elapsed()
    if (leftMs <= 0) break
    await context.clock.sleep(Math.min(leftMs, pauseMs + SYNC_JITTER_MS * (attempts % 3)), options.signal)
    pauseMs = Math.min(capMs, pauseMs * (input.backoff_factor ?? SYNC_BACKOFF))
    if (elapsed() >= timeoutMs) break
  }
  // What arrived during the last pause counts.
  let check = await checkOnce(nodes, targets, undefined, context, looking)
  // retry_attempts are for the nodes to agree: what then has to settle has the whole time, also where it parts them for a while.
  while (!isProven(check) && elapsed() < timeoutMs) {
    haveAgreed ||= check.converged
    if (!haveAgreed) break
    await context.clock.sleep(Math.min(timeoutMs - elapsed(), capMs), options.signal)
    check = await checkOnce(nodes, targets, undefined, context, looking)
  }
  return { check, attempts, elapsedMs: elapsed() }
}

async function checkOnce(
  nodes: readonly NodeHandle[],
  targets: readonly SyncTarget[],
  triggers: SyncTriggers | undefined,
  context: StepContext,
  options: Looking,
): Promise<SyncCheck> {
  const seen = await lookAtAll(nodes, targets, triggers, context, options)
  const hashesAgree = seen.every(({ sightings }) => agreed(sightings) !== undefined)
  const { settled } = context.step.input
  const contextId = targets.find(({ kind }) => kind === 'context')?.id
  if (!hashesAgree || contextId === undefined) return { targets: seen, converged: hashesAgree }
  const again = () => lookAtAll(nodes, targets, undefined, context, options)
  const { signal, untilMs } = options
  const request = () => ({ signal, timeoutMs: answerWithinMs(untilMs - context.clock.nowMs()) })
  let waiting = settled === false ? [] : await findUnsettled(nodes, contextId, request())
  // Heads only grow: where they are the same before and after, all nodes had just these at one time, with nothing that waits.
  if (settled !== false && waiting.length === 0) waiting = movedBetween(seen, await again())
  const unsettled = waiting.length > 0 && { unsettled: waiting }
  const expected = expectedOf(context)
  if (expected === undefined) return { targets: seen, converged: true, ...unsettled }
  const { method, args, equals } = expected
  const reads = await Promise.all(
    nodes.map(async (node) => {
      const { value, read } = await readResult(node, contextId, method, args, request())
      return { name: node.name, value, met: read && pythonEqual(value, equals) }
    }),
  )
  const values = new Map(reads.map(({ name, value }) => [name, value]))
  const unmet = reads.filter(({ met }) => !met).map(({ name }) => name)
  return { targets: seen, expected: values, unmet, converged: unmet.length === 0, ...unsettled }
}

/** `read` is false where the node gave no result: what it said instead is only shown, never compared. */
async function readResult(
  node: NodeHandle,
  contextId: string,
  method: string,
  args: JsonValue,
  request: Options & { readonly timeoutMs: number },
): Promise<{ value: JsonValue; read: boolean }> {
  try {
    const envelope = await node.client.jsonrpc(contextId, method, args, request)
    if (isJsonObject(envelope) && hasKey(envelope, 'result')) return { value: envelope.result ?? null, read: true }
    return { value: `no result: ${stringifyLosslessJson(envelope)}`, read: false }
  } catch (error) {
    request.signal.throwIfAborted()
    if (!(error instanceof ClientError || error instanceof StepError)) throw error
    return { value: error.message, read: false }
  }
}

/** A failed step still sets what it knows; what a failure lacks is no second failure. */
function captureLeniently(payload: JsonValue, context: StepContext): void {
  if (context.step.outputs === undefined) return
  try {
    context.capture(payload)
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
  }
}
