// Where a node stands in a context: its state, and all that decides it. Nodes compare each other by the same.
import type { NodeHandle } from '../../steps/step-kind.ts'
import { readHeads } from '../../steps/sync/sync-targets.ts'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import type { HistoryRequest } from './history-nodes.ts'

export interface Standing {
  readonly node: string
  /** Empty: its state has not arrived. */
  readonly hash: string
  /** Sorted, hex. None: no delta is here. */
  readonly heads: readonly string[]
  /** Digest of the removals of members that the state was judged by. */
  readonly removals: string
  /** Hash of the checkpoint beneath it; undefined: it was made of all deltas there ever were. */
  readonly checkpoint: string | undefined
  readonly isMember: boolean
  /** Nothing is pruned and nobody was removed: whatever was applied here is here. */
  readonly isWhole: boolean
}

/** Of a context from which nobody was removed. */
const NO_REMOVALS = '0'.repeat(64)

/** Undefined: the node does not tell. ClientError where it does not answer. */
export async function standingOf(
  node: NodeHandle,
  contextId: string,
  request: HistoryRequest,
): Promise<Standing | undefined> {
  const reply = await node.client.getContext(contextId, request)
  if (!isJsonObject(reply)) return undefined
  const { contextStateHash: hash, removals, checkpoint, isMember } = reply
  if (!isText(hash) || !isText(removals) || isMember === undefined) return undefined
  const heads = readHeads(reply.dagHeads) ?? []
  const beneath = isText(checkpoint) ? checkpoint : undefined
  return {
    ...{ node: node.name, hash, heads, removals, checkpoint: beneath },
    isMember: isMember === true,
    isWhole: beneath === undefined && removals === NO_REMOVALS,
  }
}

/** With the same heads and state, the most first. One that has nothing counts as soon as another one has something. */
export function alikeIn(seen: readonly Standing[]): readonly (readonly Standing[])[] {
  if (seen.every(({ heads }) => heads.length === 0)) return []
  const alike = Map.groupBy(seen, ({ heads, hash }) => `${heads} ${hash}`)
  return [...alike.values()].sort((a, b) => b.length - a.length)
}

/** All whose state is decided by the same, where their states are not all the same. */
export function findDiffering(seen: readonly Standing[]): readonly Standing[] | undefined {
  const withDeltas = seen.filter(({ heads }) => heads.length > 0)
  const alike = Map.groupBy(withDeltas, ({ heads, removals, checkpoint = '' }) => `${heads} ${removals} ${checkpoint}`)
  return [...alike.values()].find((same) => new Set(same.map(({ hash }) => hash)).size > 1)
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string'
}
