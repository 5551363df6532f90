// Where deltas are on a node: asked by who waits for a write, and by who says what a node lacks.
import { ClientError } from '../../client/client-error.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import type { NodeHandle } from '../step-kind.ts'

export interface Waiting {
  /** Why it waits, and for which deltas. */
  readonly reason?: string
  readonly missing: readonly string[]
  /** Of what is stamped too far ahead of the node's clock. */
  readonly takenInMs?: number
}

export interface DeltaPlace extends Waiting {
  readonly id: string
  /** `applied`, `voided` with the removal of its author, `pruned`, `pending`, `parked`, `refused`, `unknown`. */
  readonly state: string
  /** Public key, where the node holds the delta. */
  readonly author?: string
  readonly parents: readonly string[]
}

/** Nothing of it is waited for: it is part of the state, lies beneath the node's checkpoint, or is there and does not count. */
export function isSettled({ state }: DeltaPlace): boolean {
  return state === 'applied' || state === 'pruned' || state === 'voided'
}

type Request = { readonly signal: AbortSignal; readonly timeoutMs: number }

/** Undefined: the node does not know the context, or does not tell. ClientError where it does not answer. */
export async function deltaPlace(
  node: NodeHandle,
  contextId: string,
  deltaId: string,
  request: Request,
): Promise<DeltaPlace | undefined> {
  const reply = await optional(() =>
    node.client.request('GET', `/admin-api/contexts/${encodeURIComponent(contextId)}/deltas/${deltaId}`, request),
  )
  if (!isJsonObject(reply) || typeof reply.state !== 'string') return undefined
  return {
    id: deltaId,
    state: reply.state,
    ...(typeof reply.author === 'string' && { author: reply.author }),
    parents: textsOf(reply.parents),
    ...waitingOf(reply),
  }
}

/** As the node tells it of a delta. */
export function waitingOf({ reason, missing, takenInMs }: JsonObject): Waiting {
  return {
    ...(typeof reason === 'string' && { reason }),
    ...(typeof takenInMs === 'number' && { takenInMs }),
    missing: textsOf(missing),
  }
}

/** Undefined for a route that the node does not have, or does not have for this context. */
export async function optional(ask: () => Promise<JsonValue>): Promise<JsonValue | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ClientError && error.data.status === 404) return undefined
    throw error
  }
}

export function textsOf(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.map((each) => pythonStr(each)) : []
}
