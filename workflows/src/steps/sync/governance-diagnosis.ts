// Why nodes do not agree on a group, found out once the time is over: which governance operations each lacks, who made them,
// who has them, and what waits. Best effort, as for contexts (diagnosis.ts).
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { DIAGNOSIS_ROWS_MAX, DIAGNOSIS_TIMEOUT_MS, OPERATIONS_READ_MAX } from '../limits.ts'
import type { NodeHandle } from '../step-kind.ts'
import { optional, textsOf } from './delta-place.ts'
import { attempt, authorNames, type NodeDiagnosis, shortDelta } from './diagnosis.ts'

interface Operation {
  readonly id: string
  readonly kind: string
  readonly author: string
  /** By the clock of the log: later ones are greater. */
  readonly time: bigint
}

interface Log {
  readonly node: NodeHandle
  /** Newest first. */
  readonly operations: readonly Operation[]
  /** What is older than this was not read. */
  readonly since: bigint
  readonly waiting: number
  readonly missing: readonly string[]
}

type Request = { readonly signal: AbortSignal; readonly timeoutMs: number }

export async function diagnoseGovernance(
  groupId: string,
  nodes: readonly NodeHandle[],
  { signal }: { signal: AbortSignal },
): Promise<NodeDiagnosis[]> {
  const request = { signal, timeoutMs: DIAGNOSIS_TIMEOUT_MS }
  const read = await Promise.all(nodes.map((node) => logOf(groupId, node, request)))
  const logs = read.filter((log) => log !== undefined)
  if (logs.length < 2) return []
  const names = await authorNames(logs, request)
  return logs.map((log) => diagnosisOf(log, logs, names))
}

/** The group that a context is in, by the first node that tells. */
export async function groupOfContext(
  contextId: string,
  nodes: readonly NodeHandle[],
  { signal }: { signal: AbortSignal },
): Promise<string | undefined> {
  const request = { signal, timeoutMs: DIAGNOSIS_TIMEOUT_MS }
  const path = `/admin-api/contexts/${encodeURIComponent(contextId)}/group`
  for (const { client } of nodes) {
    const groupId = await attempt(() => optional(() => client.request('GET', path, request)), request)
    if (typeof groupId === 'string') return groupId
  }
  return undefined
}

/** Undefined: the node is not there, is no member, or does not tell. */
async function logOf(groupId: string, node: NodeHandle, request: Request): Promise<Log | undefined> {
  if (node.pausedBy !== undefined) return undefined
  const path = `/admin-api/groups/${encodeURIComponent(groupId)}/operations?limit=${OPERATIONS_READ_MAX}`
  const reply = await attempt(() => optional(() => node.client.request('GET', path, request)), request)
  if (!isJsonObject(reply) || !Array.isArray(reply.operations)) return undefined
  const operations = reply.operations.flatMap(operationOf)
  const oldest = operations.at(-1)
  const isAll = operations.length < OPERATIONS_READ_MAX || oldest === undefined
  return {
    node,
    operations,
    since: isAll ? 0n : oldest.time,
    waiting: Number(reply.waiting ?? 0),
    missing: textsOf(reply.missing),
  }
}

function operationOf(row: JsonValue): Operation[] {
  if (!isJsonObject(row) || typeof row.time !== 'string' || !/^\d+$/.test(row.time)) return []
  const { operationId, kind, author, time } = row
  return [{ id: pythonStr(operationId), kind: pythonStr(kind), author: pythonStr(author), time: BigInt(time) }]
}

function diagnosisOf(log: Log, all: readonly Log[], names: ReadonlyMap<string, string>): NodeDiagnosis {
  const { name } = log.node
  const lacking = lackingOf(log, all)
  const lines = lacking.slice(0, DIAGNOSIS_ROWS_MAX).map(({ operation: { id, kind, author }, heldBy }) => {
    const by = names.get(author) ?? `${author.slice(0, 8)}…`
    const has = heldBy.length === 1 ? 'has' : 'have'
    return `  ${shortDelta(id)} ${kind} of ${by}, which ${heldBy.join(' and ')} ${has}`
  })
  const lacks = lacking.length === 0 ? undefined : operations(lacking.length)
  const absent = log.missing.length === 0 ? '' : ` for ${log.missing.map(shortDelta).join(', ')}`
  const waits = log.waiting === 0 ? undefined : `${operations(log.waiting)} waiting${absent}`
  return {
    node: name,
    ...(lacks !== undefined && { lacks }),
    ...(waits !== undefined && { waits }),
    lines: [
      ...(lacks === undefined ? [] : [`${name} lacks ${lacks}:`, ...lines]),
      ...(waits === undefined ? [] : [`${name}: ${waits}`]),
    ],
  }
}

/** Newest first. What is older than what was read of this node may be there. */
function lackingOf({ node, operations, since }: Log, all: readonly Log[]) {
  const own = new Set(operations.map(({ id }) => id))
  const lacking = new Map<string, { readonly operation: Operation; readonly heldBy: string[] }>()
  for (const other of all) {
    if (other.node === node) continue
    for (const operation of other.operations) {
      if (own.has(operation.id) || operation.time < since) continue
      const known = lacking.get(operation.id) ?? { operation, heldBy: [] }
      lacking.set(operation.id, known)
      known.heldBy.push(other.node.name)
    }
  }
  return [...lacking.values()].sort((a, b) => (a.operation.time < b.operation.time ? 1 : -1))
}

function operations(count: number): string {
  return count === 1 ? '1 governance operation' : `${count} governance operations`
}
