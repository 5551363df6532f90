// What JSON-RPC and WebSockets call: run a method of a context, or ask how far its state is.
import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Bytes, equalBytes, utf8 } from '../../base/bytes.ts'
import { CodedError } from '../../base/errors.ts'
import { type ContextId, idBase58, type PublicKey } from '../../base/ids.ts'
import type { LogFields, Logger } from '../../base/log.ts'
import { callWhenWhole } from '../../context/calls/call-when-whole.ts'
import type { Context } from '../../context/context.ts'
import { PRESENCE_BYTES_MAX } from '../../wire/limits.ts'
import { isOtherMember } from '../access/membership.ts'
import { ServerError } from '../errors.ts'
import { contextIdOf } from '../formats/encodings.ts'
import { fits } from '../formats/fits.ts'
import { type JsonReading, RawJson } from '../formats/json/json.ts'
import type { JsonReader } from '../formats/json/reader.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { contextOf } from '../names/lookups.ts'
import type { NodeServices } from '../ports.ts'
import type { ServerParts } from '../server-parts.ts'
import { type RpcError, rpcErrorOf } from './rpc-errors.ts'

const ExecuteParams = Type.Object({
  contextId: Type.String(),
  method: Type.String({ minLength: 1, maxLength: 256 }),
  argsJson: Type.Optional(Type.Any()),
})

const PresenceParams = Type.Object({
  contextId: Type.String(),
  state: Type.Union([Type.Array(Type.Integer()), Type.Null()]),
})

const StatusParams = Type.Object({ contextId: Type.String() })

/** How a message with such a call is read. */
export const RPC_READING: JsonReading = { rawAt: ['params', 'argsJson'], bytesMax: PRESENCE_BYTES_MAX }

const NULL = utf8('null')
const NO_ARGS = utf8('{}')

/** Entry points that only the host runs: applying deltas, merging, migrating. */
const RESERVED = /^(__calimero_|migrate_v\d+_to_v\d+$)/

/** A guest may write 1024 lines of 16 KiB a call. Of a longer line the log gets the beginning, of more lines the first. */
const GUEST_LINE_CHARS = 2_000
const GUEST_LINES_MAX = 1_024

export type RpcAnswer =
  /** `result` is JSON text. */
  { readonly result: string; readonly headers?: Readonly<Record<string, string>> } | { readonly error: RpcError }

export interface RpcCall {
  readonly method: string
  readonly params: unknown
  /** Aborted when nobody waits for the answer any more: what is not committed then never is. */
  readonly signal: AbortSignal
  /** Whom the guard took the caller for; undefined for the owner of the node. */
  readonly member: PublicKey | undefined
}

type RpcParts = Pick<ServerParts, 'node' | 'log'> & { readonly json: JsonReader; readonly metrics?: Metrics }

/** What a call works with is had only for the permission to call. */
export interface RpcGate {
  readonly log: Logger
  /** Undefined: the caller has not that permission. */
  readonly unlock: (permission: string) => RpcParts | undefined
  /** Whom this node calls as. */
  readonly self: PublicKey
}

/** The delta that an execute made, for who waits until others have it; `none` for one that wrote nothing. */
const DELTA_HEADER = 'x-calbox-delta'

async function execute({ unlock, self }: RpcGate, { params, signal, member }: RpcCall): Promise<RpcAnswer> {
  if (!fits(ExecuteParams, params)) return parseError(`execute: ${firstProblem(ExecuteParams, params)}`)
  // With half a surrogate it is no text in UTF-8: neither a permission nor a guest could name it.
  if (!params.method.isWellFormed()) return parseError('execute: /method must be text, and has half a surrogate in it')
  if (RESERVED.test(params.method)) {
    return {
      error: { type: 'FunctionCallError', data: `method ${params.method} is the host’s own; clients may not call it` },
    }
  }
  const id = contextIdOf(params.contextId)
  const permission = `context:execute[${idBase58(id)},,${encodeURIComponent(params.method)}]`
  const parts = unlock(permission)
  if (!parts) return unauthorized(id, member ?? self, notCovered(permission))
  const { node, log, metrics, json } = parts
  if (!isMember(node, id, member)) {
    return {
      error: {
        type: 'FunctionCallError',
        data: `the caller ${member && idBase58(member)} is no member of the context`,
      },
    }
  }
  if (isOtherMember(node, { member })) return otherMember(node, id, member)
  json.requireRoom()
  const context = await contextOf(node, id)
  const input = inputOf(params.argsJson)
  const call = { contextId: idBase58(context.record.id), method: params.method }
  const beganMs = performance.now()
  const request = { method: params.method, input, signal }
  const run = () => callWhenWhole(() => contextOf(node, id), request)
  const { value, logs, deltaId } = await run()
    .catch(async (error: unknown) => {
      if (!(error instanceof CodedError) || error.code !== 'GROUP_KEY_PENDING') throw error
      // Nothing is committed: who was just added to a group may write at once.
      await node.namespaces.fetchKey(context.record.groupId, { signal })
      return run()
    })
    .catch((error: unknown) => {
      metrics?.execution('failed', performance.now() - beganMs)
      logGuest(log, call, logsOf(error))
      throw error
    })
  metrics?.execution('ok', performance.now() - beganMs)
  logGuest(log, call, logs)
  const headers = { [DELTA_HEADER]: deltaId ?? 'none' }
  if (value === undefined) return { result: '{"output":null}', headers }
  const text = await json.textOf(value)
  if (text === undefined) {
    return { error: { type: 'SerdeError', data: { message: `${params.method} returned bytes that are not JSON` } } }
  }
  return { result: `{"output":${text}}`, headers }
}

/** As the client wrote it: what it means is for the guest. */
function inputOf(args: unknown): Bytes {
  if (args === undefined) return NO_ARGS
  if (!(args instanceof RawJson)) throw new Error('assertion failed: the arguments were left as they are')
  return equalBytes(args.bytes, NULL) ? NO_ARGS : args.bytes
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

async function syncStatus({ unlock, self }: RpcGate, { params, member }: RpcCall): Promise<RpcAnswer> {
  if (!fits(StatusParams, params)) return parseError(`sync_status: ${firstProblem(StatusParams, params)}`)
  const id = contextIdOf(params.contextId)
  const name = idBase58(id)
  const parts = unlock(`context:list[${name}]`) ?? unlock(`context:execute[${name}]`)
  if (!parts) return unauthorized(id, member ?? self, notCovered(`context:list[${name}]`))
  if (!isMember(parts.node, id, member)) return unauthorized(id, member ?? self, NO_MEMBER)
  const context = await contextOf(parts.node, id).catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'CONTEXT_UNINITIALIZED') return undefined
    throw error
  })
  const status = { contextId: name, isInitialized: context !== undefined, syncState: syncState(context) }
  return { result: JSON.stringify({ ...status, failureCount: 0 }) }
}

/** Undefined: its state has not arrived. */
function syncState(context: Context | undefined): { state: 'idle' | 'syncing' | 'waitingForPeers' } {
  if (!context) return { state: 'waitingForPeers' }
  const { pending, parked } = context.waiting()
  return { state: pending + parked > 0 ? 'syncing' : 'idle' }
}

/** What this node's member shows to the others for the moment; null: nothing any more. Whose it is, no caller says. */
async function setEphemeral({ unlock, self }: RpcGate, { params, member }: RpcCall): Promise<RpcAnswer> {
  if (!fits(PresenceParams, params)) return parseError(`set_ephemeral: ${firstProblem(PresenceParams, params)}`)
  const id = contextIdOf(params.contextId)
  const permission = `context:execute[${idBase58(id)}]`
  const parts = unlock(permission)
  if (!parts) return unauthorized(id, member ?? self, notCovered(permission))
  if (!isMember(parts.node, id, member)) return unauthorized(id, member ?? self, NO_MEMBER)
  if (isOtherMember(parts.node, { member })) return otherMember(parts.node, id, member)
  const { state } = params
  if (state === null) {
    parts.node.presences.hide(id)
    return { result: '{}' }
  }
  if (state.length > PRESENCE_BYTES_MAX) {
    return { error: { type: 'SliceTooLarge', data: { size: state.length, max: PRESENCE_BYTES_MAX } } }
  }
  const wrong = state.find((byte) => byte < 0 || byte > 255)
  if (wrong !== undefined) return parseError(`set_ephemeral: state must be bytes, and one is ${wrong}`)
  await contextOf(parts.node, id)
  if (!isMember(parts.node, id, parts.node.identity.publicKey)) return { error: { type: 'NoOwnedIdentity' } }
  parts.node.presences.set(id, Uint8Array.from(state))
  return { result: '{}' }
}

const METHODS: ReadonlyMap<string, typeof execute> = new Map([
  ['execute', execute],
  ['sync_status', syncStatus],
  ['set_ephemeral', setEphemeral],
])

async function run(gate: RpcGate, call: RpcCall): Promise<RpcAnswer> {
  const method = METHODS.get(call.method)
  if (method) return method(gate, call)
  const known = [...METHODS.keys()].join(', ')
  return parseError(`unknown method ${JSON.stringify(call.method.slice(0, 80))}; there are ${known}`)
}

/** Throws ServerError where there is no outcome: the node stops, or nobody waits any more. */
export async function answerRpc(gate: RpcGate, call: RpcCall): Promise<RpcAnswer> {
  try {
    return await run(gate, call)
  } catch (error) {
    if (error instanceof ServerError) throw error
    // Given up: whatever it met on its way, that is why.
    const { aborted, reason } = call.signal
    if (aborted && reason instanceof ServerError) throw reason
    const known = rpcErrorOf(error, call.params)
    if (!known) gate.log.error({ error: error instanceof Error ? error.stack : String(error) }, 'jsonrpc failed')
    return { error: known ?? { type: 'InternalError', data: {} } }
  }
}

/** Undefined is the owner of the node. */
function isMember(node: NodeServices, id: ContextId, member: PublicKey | undefined): boolean {
  return member === undefined || node.namespaces.list().some((each) => each.mayRead(id, member))
}

/** `key`: as whom it would have been done. That member may do it, where it is the caller who may not: `reason` says who. */
function unauthorized(id: ContextId, key: PublicKey, reason: string): RpcAnswer {
  return { error: { type: 'Unauthorized', data: { context_id: idBase58(id), public_key: idBase58(key), reason } } }
}

function notCovered(permission: string): string {
  return `the permissions of the caller’s token do not cover ${permission}`
}

const NO_MEMBER = 'the caller is no member of the context'

/** Calls are signed with the key of this node's member, and see its private state: views, too, are no other member's. */
function otherMember({ identity }: NodeServices, id: ContextId, member: PublicKey | undefined): RpcAnswer {
  const reason = `this node calls as its own member ${idBase58(identity.publicKey)} only; the caller is another one`
  return unauthorized(id, member ?? identity.publicKey, reason)
}

function parseError(data: string): RpcAnswer {
  return { error: { type: 'ParseError', data } }
}

function firstProblem(schema: TSchema, value: unknown): string {
  const [first] = Value.Errors(schema, value)
  return first ? `${first.instancePath || 'params'} ${first.message}` : 'the params do not fit'
}
