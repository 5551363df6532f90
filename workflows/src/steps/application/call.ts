import { durationField, Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import { formatDuration } from '../../report/format-duration.ts'
import { durationSec } from '../../values/duration.ts'
import type { JsonObject, JsonValue } from '../../values/json/json-value.ts'
import { stringifyLosslessJson } from '../../values/json/lossless-json.ts'
import { closed, contextIdField, nodeField } from '../fields.ts'
import { STATE_RETRY_ATTEMPTS, STATE_RETRY_DELAY_SEC, STATE_RETRY_FIRST_MS } from '../limits.ts'
import { retryUnsent } from '../network-retry.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext, type StepResult } from '../step-kind.ts'
import {
  ERROR_FIELDS,
  errorReport,
  errorTargets,
  isStateMissing,
  noErrorReport,
  rpcErrorMatches,
  rpcErrorOf,
  rpcErrorText,
} from './call-outcome.ts'
import { callRemedy } from './call-remedy.ts'

type Options = { signal: AbortSignal }

/** The delta that the call made, or `none`. Other nodes than calnode do not send it. */
const DELTA_HEADER = 'x-calbox-delta'

export const call = defineStep({
  kind: 'call',
  summary: "Call a method of a context's application on a node.",
  schema: Type.Object(
    {
      node: nodeField,
      context_id: contextIdField,
      method: Type.String({ minLength: 1, description: 'Method of the application; taken literally.' }),
      args: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Arguments; placeholders in values are resolved.' }),
      ),
      exec_type: Type.Optional(
        Type.Union([Type.Literal('function_call'), Type.Literal('contract_call'), Type.Literal('view_call')], {
          default: 'function_call',
          description: 'All three do the same.',
        }),
      ),
      executor_public_key: Type.Optional(
        Type.String({ description: 'Accepted and without effect: the node knows who is calling.' }),
      ),
      unauthenticated: Type.Optional(Type.Boolean({ default: false, description: 'Send no token.' })),
      state_retry_attempts: Type.Optional(
        Type.Integer({ minimum: 1, default: STATE_RETRY_ATTEMPTS, description: 'Tries while the state is not there.' }),
      ),
      state_retry_delay: Type.Optional(
        durationField('Between those tries; not given: shorter pauses, for the same total time', {
          minimum: 0,
          default: STATE_RETRY_DELAY_SEC,
        }),
      ),
    },
    closed,
  ),
  lateFields: ['exec_type'],
  outputs: [
    { name: 'result', description: 'What the method returned, as {output: …}.' },
    { name: 'result.output', description: 'The returned value itself.' },
    {
      name: 'error_type',
      description: 'With expected_failure: the kind of error; null also where no application answered.',
    },
    { name: 'error_message', description: 'With expected_failure: its text, or null.' },
    { name: 'error_code', description: 'With expected_failure: its code; null also where no application answered.' },
    { name: 'error', description: 'With expected_failure: the whole error, or null.' },
  ],
  honoursExpectedFailure: true,
  settlesItself: true,
  unexpectedSuccess:
    'A call that succeeds although a failure was expected passes with a warning, as with merobox: capture error and check it with is_set to be strict.',
  async run(input, context, options) {
    const node = context.node(input.node)
    const contextId = context.text(input.context_id)
    const args = context.resolve(context.step.input.args ?? {})
    let written: string | null = null
    const wrote = context.beginWrite(node.name, contextId, input.method)
    const onHeaders = (headers: Headers) => {
      written = headers.get(DELTA_HEADER)
    }
    const sent = { ...options, onHeaders, ...(input.unauthenticated === true && { token: null }) }
    const send = () => node.client.jsonrpc(contextId, input.method, args, sent)
    const { state_retry_delay: delay } = input
    try {
      const retry = {
        attempts: input.state_retry_attempts,
        delaySec: delay === undefined ? undefined : durationSec(delay),
      }
      const what = `${input.method} on ${node.name}`
      const envelope = await withState(() => retryUnsent(send, context, options), { ...retry, what }, context, options)
      const error = rpcErrorOf(envelope)
      if (error !== undefined) return expectedError(node, { method: input.method, contextId }, error, envelope, context)
      if (written !== 'none') wrote(written ?? undefined)
      return succeeded(node, input.method, envelope, context)
    } catch (error) {
      if (!(error instanceof ClientError) || !context.step.expectedFailure) throw error
      await context.brokeOff?.(error, options)
      return transportFailed(node, input.method, error, context)
    }
  },
})

/** Tries again as long as the node has not got the context's state. */
async function withState(
  send: () => Promise<JsonValue>,
  retry: { attempts?: number | undefined; delaySec?: number | undefined; what: string },
  context: StepContext,
  options: Options,
): Promise<JsonValue> {
  const started = context.clock.nowMs()
  const pauses = statePauses(retry.attempts ?? STATE_RETRY_ATTEMPTS, retry.delaySec)
  for (;;) {
    const envelope = await send()
    const error = rpcErrorOf(envelope)
    if (error === undefined || !isStateMissing(error)) return envelope
    const pause = pauses.next()
    if (pause.done === true) {
      const took = formatDuration(context.clock.nowMs() - started)
      const missing = `the context's state has not arrived after ${took}`
      throw new StepError('state_missing', `${retry.what}: ${missing}: ${rpcErrorText(error)}`)
    }
    context.progress("the context's state is not there yet")
    await context.clock.sleep(pause.value, options.signal)
  }
}

/** A given delay is kept to; the default one is an upper limit, because most states arrive within milliseconds. */
function* statePauses(attempts: number, delaySec: number | undefined): Generator<number, undefined> {
  if (delaySec !== undefined) {
    for (let tried = 1; tried < attempts; tried += 1) yield delaySec * 1000
    return
  }
  let leftMs = (attempts - 1) * STATE_RETRY_DELAY_SEC * 1000
  for (let pauseMs = STATE_RETRY_FIRST_MS; leftMs > 0; pauseMs = Math.min(STATE_RETRY_DELAY_SEC * 1000, pauseMs * 2)) {
    yield Math.min(leftMs, pauseMs)
    leftMs -= pauseMs
  }
}

function succeeded(node: NodeHandle, method: string, envelope: JsonValue, context: StepContext): StepResult {
  const keep = context.step.expectedFailure
    ? bindErrorFields(node, method, noErrorReport(), context)
    : new Set<string>()
  context.capture(envelope, { node: node.name, keep })
  const output = typeof envelope === 'object' && envelope !== null && 'result' in envelope ? envelope.result : null
  const shown = stringifyLosslessJson(outputOf(output))
  const summary = `${method} on ${node.name} → ${shown.length <= 60 ? shown : `${shown.slice(0, 59)}…`}`
  const warning = 'a failure was expected, and the call succeeded'
  return {
    payload: envelope,
    rawKey: rawKey(node, method),
    node: node.name,
    summary,
    ...(context.step.expectedFailure && { warning }),
  }
}

function outputOf(result: JsonValue | undefined): JsonValue {
  return typeof result === 'object' && result !== null && 'output' in result
    ? (result.output ?? null)
    : (result ?? null)
}

function expectedError(
  node: NodeHandle,
  { method, contextId }: { readonly method: string; readonly contextId: string },
  error: JsonValue,
  envelope: JsonValue,
  context: StepContext,
): StepResult {
  const text = rpcErrorText(error)
  if (!context.step.expectedFailure) {
    const remedy = callRemedy(error, { node: node.name, contextId })
    throw new StepError('failed', `${method} on ${node.name}: ${text}`, { node: node.name, ...remedy })
  }
  const matches = (wanted: string) => rpcErrorMatches(error, wanted)
  return failedAsExpected(node, method, errorReport(error, envelope), { text, matches }, context)
}

function transportFailed(node: NodeHandle, method: string, error: ClientError, context: StepContext): StepResult {
  // The fixed text is what the original reports for anything that is no JSON-RPC answer.
  const text = `execute_function failed: ${error.message}`
  const report = { ...noErrorReport(), error: text, error_message: text }
  return failedAsExpected(node, method, report, { text, matches: (wanted) => text.includes(wanted) }, context)
}

function failedAsExpected(
  node: NodeHandle,
  method: string,
  report: JsonObject,
  seen: { readonly text: string; readonly matches: (wanted: string) => boolean },
  context: StepContext,
): StepResult {
  const { text } = seen
  bindErrorFields(node, method, report, context)
  const wanted = context.expectedError
  if (wanted !== undefined && !seen.matches(wanted)) {
    const message = `${method} on ${node.name} failed, but not as expected: ${JSON.stringify(wanted)} is not in: ${text}`
    throw new StepError('not_as_expected', message, { node: node.name })
  }
  return {
    payload: report,
    rawKey: rawKey(node, method),
    node: node.name,
    summary: `${method} on ${node.name} failed as expected: ${text}`,
  }
}

/** Under the names that `outputs` gives them, else under long ones. Returns the names that are taken now. */
function bindErrorFields(node: NodeHandle, method: string, report: JsonObject, context: StepContext): Set<string> {
  const outputs = context.step.outputs
  if (outputs !== undefined) {
    context.capture(report, { node: node.name })
    return errorTargets(outputs, node.name)
  }
  const names = ERROR_FIELDS.map((field): [string, JsonValue] => [
    `${rawKey(node, method)}_${field}`,
    report[field] ?? null,
  ])
  context.export(Object.fromEntries(names))
  return new Set(names.map(([name]) => name))
}

function rawKey(node: NodeHandle, method: string): string {
  return `execute_${node.name}_${method}`
}
