// JSON-RPC: run a method of a context. The answer is HTTP 200 with a result or an error object of the reference's shape.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { utf8 } from '../../base/bytes.ts'
import { CodedError } from '../../base/errors.ts'
import { type ApplicationId, idBase58, parseHexId } from '../../base/ids.ts'
import type { LogFields, Logger } from '../../base/log.ts'
import type { Context } from '../../context/context.ts'
import { contextIdOf } from '../encodings.ts'
import { ServerError } from '../errors.ts'
import { jsonTextOf } from '../json.ts'
import { contextOf } from '../lookups.ts'
import type { NodeServices } from '../ports.ts'
import { RawResponse } from '../raw-response.ts'
import { NoFields, type Route, type RouteParts, route } from '../route.ts'

const Envelope = Type.Object({
  jsonrpc: Type.Literal('2.0'),
  id: Type.Optional(Type.Any()),
  method: Type.String(),
  params: Type.Optional(Type.Any()),
})

const ExecuteParams = Type.Object({
  contextId: Type.String(),
  method: Type.String({ minLength: 1, maxLength: 256 }),
  argsJson: Type.Optional(Type.Any()),
})

const StatusParams = Type.Object({ contextId: Type.String() })

/** Entry points that only the host runs: applying deltas, merging, migrating. */
const RESERVED = '__calimero_'

/** A guest may write 1024 lines of 16 KiB a call. Of a longer line the log gets the beginning, of more lines the first. */
const GUEST_LINE_CHARS = 2_000
const GUEST_LINES_MAX = 1_024

interface RpcError {
  readonly type: string
  readonly data?: unknown
}

type RpcAnswer =
  | { readonly result: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly error: RpcError }

/** The delta that an execute made, for who waits until others have it; `none` for one that wrote nothing. */
const DELTA_HEADER = 'x-calbox-delta'

async function execute({ node, log }: RouteParts, params: unknown, signal: AbortSignal): Promise<RpcAnswer> {
  if (!Value.Check(ExecuteParams, params)) return parseError(`execute: ${firstProblem(ExecuteParams, params)}`)
  if (params.method.startsWith(RESERVED)) {
    return {
      error: { type: 'FunctionCallError', data: `method ${params.method} is the host’s own; clients may not call it` },
    }
  }
  const context = await contextOf(node, contextIdOf(params.contextId))
  const input = utf8(JSON.stringify(params.argsJson ?? {}))
  const call = { contextId: idBase58(context.record.id), method: params.method }
  const { value, logs, deltaId } = await context
    .call({ method: params.method, input, signal })
    .catch((error: unknown) => {
      logGuest(log, call, logsOf(error))
      throw error
    })
  logGuest(log, call, logs)
  const headers = { [DELTA_HEADER]: deltaId ?? 'none' }
  if (value === undefined) return { result: '{"output":null}', headers }
  const text = jsonTextOf(value)
  if (text === undefined) {
    return { error: { type: 'SerdeError', data: { message: `${params.method} returned bytes that are not JSON` } } }
  }
  return { result: `{"output":${text}}`, headers }
}

/** What the guest said, for the operator of the node: one entry a line. */
function logGuest(log: Logger, call: LogFields, lines: readonly string[]): void {
  for (const line of lines.slice(0, GUEST_LINES_MAX)) {
    const text = line.length > GUEST_LINE_CHARS ? `${line.slice(0, GUEST_LINE_CHARS)}…` : line
    log.info({ ...call, text }, 'guest log')
  }
  if (lines.length > GUEST_LINES_MAX) log.info({ ...call, left: lines.length - GUEST_LINES_MAX }, 'guest log cut')
}

function logsOf(error: unknown): readonly string[] {
  const logs = error instanceof CodedError && error.code === 'GUEST_FAILED' ? error.data.logs : undefined
  return Array.isArray(logs) ? logs.filter((line) => typeof line === 'string') : []
}

async function syncStatus(node: NodeServices, params: unknown): Promise<RpcAnswer> {
  if (!Value.Check(StatusParams, params)) return parseError(`sync_status: ${firstProblem(StatusParams, params)}`)
  const id = contextIdOf(params.contextId)
  const context = await contextOf(node, id).catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'CONTEXT_UNINITIALIZED') return undefined
    throw error
  })
  const status = { contextId: idBase58(id), isInitialized: context !== undefined, syncState: syncState(context) }
  return { result: JSON.stringify({ ...status, failureCount: 0 }) }
}

/** Undefined: its state has not arrived. */
function syncState(context: Context | undefined): { state: 'idle' | 'syncing' | 'waitingForPeers' } {
  if (!context) return { state: 'waitingForPeers' }
  const { pending, parked } = context.waiting()
  return { state: pending + parked > 0 ? 'syncing' : 'idle' }
}

async function answer(parts: RouteParts, method: string, params: unknown, signal: AbortSignal): Promise<RpcAnswer> {
  if (method === 'execute') return execute(parts, params, signal)
  if (method === 'sync_status') return syncStatus(parts.node, params)
  return parseError(`unknown method ${JSON.stringify(method.slice(0, 80))}; there are execute and sync_status`)
}

/** Codes of failures as the reference's clients know them. Undefined: a defect of ours. */
function rpcErrorOf(error: unknown, params: unknown): RpcError | undefined {
  if (!(error instanceof CodedError)) return undefined
  switch (error.code) {
    case 'GUEST_FAILED':
    case 'APPLY_POSTPONED':
    case 'NOT_A_MEMBER':
    case 'NOT_ALLOWED':
      return { type: 'FunctionCallError', data: error.message }
    case 'CONTEXT_NOT_FOUND':
      return { type: 'ContextNotFound' }
    case 'CONTEXT_UNINITIALIZED':
      return { type: 'Uninitialized' }
    case 'GROUP_KEY_PENDING':
      return { type: 'GroupKeyPending', data: { context_id: contextIn(params) } }
    case 'APPLICATION_NOT_INSTALLED':
      return { type: 'ApplicationNotInstalled', data: { application_id: base58Of(error.data.applicationId) } }
    case 'ID_INVALID':
      return { type: 'ParseError', data: error.message }
    case 'CONTEXT_BUSY':
    case 'CONTEXT_FAILED':
      return { type: 'InternalError', data: { kind: 'context', message: error.message } }
    case 'EXECUTOR_BUSY':
    case 'EXECUTOR_CLOSED':
      return { type: 'InternalError', data: { kind: 'runtime', message: error.message } }
    case 'MODULE_INVALID':
    case 'MODULE_TOO_LARGE':
      return { type: 'FunctionCallError', data: error.message }
    default:
      return undefined
  }
}

/** As the client may compare it: in base58, whatever it asked with. */
function contextIn(params: unknown): string | undefined {
  return Value.Check(StatusParams, params) ? idBase58(contextIdOf(params.contextId)) : undefined
}

function base58Of(id: unknown): string | undefined {
  return typeof id === 'string' ? idBase58(parseHexId<ApplicationId>(id)) : undefined
}

function parseError(data: string): RpcAnswer {
  return { error: { type: 'ParseError', data } }
}

function firstProblem(schema: typeof ExecuteParams | typeof StatusParams, value: unknown): string {
  const [first] = Value.Errors(schema, value)
  return first ? `${first.instancePath || 'params'} ${first.message}` : 'the params do not fit'
}

export const jsonrpcRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/jsonrpc',
    summary: 'Run a method: execute {contextId, method, argsJson}',
    permission: 'context:execute',
    params: NoFields,
    query: NoFields,
    body: Envelope,
    handle: async (parts, { body, signal }) => {
      const head = `{"jsonrpc":"2.0","id":${JSON.stringify(body.id ?? null)}`
      try {
        const outcome = await answer(parts, body.method, body.params, signal)
        if ('result' in outcome) {
          return new RawResponse(200, `${head},"result":${outcome.result}}`, outcome.headers)
        }
        return new RawResponse(200, `${head},"error":${JSON.stringify(outcome.error)}}`)
      } catch (error) {
        // The node stops, or nobody waits any more: no outcome of the call, and no defect.
        if (error instanceof ServerError) throw error
        const known = rpcErrorOf(error, body.params)
        if (!known) parts.log.error({ error: error instanceof Error ? error.stack : String(error) }, 'jsonrpc failed')
        return new RawResponse(200, `${head},"error":${JSON.stringify(known ?? { type: 'InternalError', data: {} })}}`)
      }
    },
  }),
]
