// What assert_cascade_complete and assert_migration_complete share: look again and again until all have finished, one has
// failed, or the time is over.
import { durationField, Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import { formatDuration } from '../../report/format-duration.ts'
import { unwrapData } from '../../values/capture-outputs.ts'
import { durationMs } from '../../values/duration.ts'
import type { JsonObject, JsonValue } from '../../values/json/json-value.ts'
import { strictText } from '../check/match-paths.ts'
import { namespaceIdField, nodeField } from '../fields.ts'
import { COMPLETE_POLL_SEC, COMPLETE_TIMEOUT_SEC, DIAGNOSIS_ROWS_MAX, DIAGNOSIS_TIMEOUT_MS } from '../limits.ts'
import { refuseError, shortId } from '../reply.ts'
import { StepError } from '../step-error.ts'
import type { StepContext, StepResult } from '../step-kind.ts'
import { authorNames } from '../sync/diagnosis.ts'
import type { Behind } from './migration-summary.ts'

export const completeFields = {
  node: nodeField,
  namespace_id: namespaceIdField,
  timeout_seconds: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, default: COMPLETE_TIMEOUT_SEC, description: 'How long to wait for it.' }),
  ),
  poll_interval: Type.Optional(durationField('Between two looks', { default: COMPLETE_POLL_SEC })),
}

export interface CompleteInput {
  readonly node: string
  readonly namespace_id: string
  readonly timeout_seconds?: number
  readonly poll_interval?: number | string
}

export interface Completion {
  /** Below `/groups/<id>/`. */
  readonly route: string
  readonly summarise: (data: JsonValue) => JsonObject
  readonly says: (data: JsonValue) => string
  readonly isComplete: (summary: JsonObject) => boolean
  /** Members that it waits for, where it is about members. */
  readonly behind?: (data: JsonValue) => readonly Behind[]
}

export async function awaitComplete(
  completion: Completion,
  input: CompleteInput,
  context: StepContext,
  options: { signal: AbortSignal },
): Promise<StepResult> {
  const node = context.node(input.node)
  const path = `/admin-api/groups/${encodeURIComponent(strictText(input.namespace_id, context))}/${completion.route}`
  const started = context.clock.nowMs()
  const timeoutMs = (input.timeout_seconds ?? COMPLETE_TIMEOUT_SEC) * 1000
  for (;;) {
    const seen = await look(() => node.client.exchange('GET', path, options), options)
    const data = seen instanceof ClientError ? null : unwrapData(refuseError(node.name, `GET ${path}`, seen))
    const says = seen instanceof ClientError ? seen.message : completion.says(data)
    const payload = completion.summarise(data)
    if (completion.isComplete(payload)) return { payload, node: node.name, summary: says }
    const tookMs = context.clock.nowMs() - started
    const failed = payload.failed !== 0
    if (failed || tookMs >= timeoutMs) {
      // An expected end still says how far it was.
      if (context.step.expectedFailure) context.capture(payload, { loose: true })
      const after = failed ? 'it has failed' : `not complete after ${formatDuration(tookMs)}`
      const code = context.step.expectedFailure ? 'failed' : failed ? 'assertion' : 'timeout'
      const lines = await behindLines(completion.behind?.(data) ?? [], context, options)
      throw new StepError(code, `${after}: ${says}${lines}`, { node: node.name })
    }
    context.progress(says)
    const pauseMs = durationMs(input.poll_interval ?? COMPLETE_POLL_SEC)
    await context.clock.sleep(Math.min(pauseMs, timeoutMs - tookMs), options.signal)
  }
}

/** A node that cannot be asked now may be in a moment. */
async function look(
  read: () => Promise<JsonValue>,
  { signal }: { signal: AbortSignal },
): Promise<JsonValue | ClientError> {
  try {
    return await read()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ClientError) return error
    throw error
  }
}

/** A line each, by the names of nodes where it is one of the run. */
async function behindLines(
  behind: readonly Behind[],
  context: StepContext,
  options: { signal: AbortSignal },
): Promise<string> {
  if (behind.length === 0) return ''
  const sighted = context.nodes().map((node) => ({ node }))
  const names = await authorNames(sighted, { ...options, timeoutMs: DIAGNOSIS_TIMEOUT_MS })
  const lines = behind.slice(0, DIAGNOSIS_ROWS_MAX).map(({ ids, state, reason }) => {
    const name = ids.map((id) => names.get(id)).find((each) => each !== undefined)
    return `${name ?? shortId(ids[0] ?? 'a member')}: ${reason ?? state}`
  })
  const left = behind.length - lines.length
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].map((line) => `\n  ${line}`).join('')
}
