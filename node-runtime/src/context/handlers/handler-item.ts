// A handler that waits or was given up, as operators see it.
import { toHex } from '../../base/bytes.ts'
import { type DeltaId, idFromBytes } from '../../base/ids.ts'
import type { StoredHandler } from '../context-store.ts'

export interface HandlerItem {
  /** Names it in this context. */
  readonly id: string
  /** The delta whose event it handles. */
  readonly deltaId: DeltaId
  readonly event: string
  readonly handler: string
  readonly depth: number
  readonly attempts: number
  /** When it is tried next, or was given up. */
  readonly atMs: number
  /** What its last attempt ended with; undefined before one has failed. */
  readonly error: string | undefined
}

const STAMP_BYTES = 8
const ID_BYTES = 32

export function itemOf({ place, row }: StoredHandler): HandlerItem {
  return {
    id: toHex(place),
    deltaId: idFromBytes<DeltaId>(place.subarray(STAMP_BYTES, STAMP_BYTES + ID_BYTES)),
    event: row.kind,
    handler: row.handler,
    depth: row.depth,
    attempts: row.attempts,
    atMs: row.dueMs,
    error: row.error ?? undefined,
  }
}
