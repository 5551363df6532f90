// The rows that the events of an applied delta leave for their handlers: on receivers only, never on the author (I3).
import type { PublicKey } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Arrived } from '../apply/effects.ts'

import type { ContextStore } from '../context-store.ts'

export function handlerRows(rows: ContextStore, self: PublicKey, { delta, payload }: Arrived): StoreOp[] {
  if (delta.author === self) return []
  return payload.events.flatMap((event, index) =>
    event.handler === undefined
      ? []
      : [
          rows.putHandler(rows.handlerKey(delta.hlc, delta.id, index), {
            v: 1,
            kind: event.kind,
            data: event.data,
            handler: event.handler,
            depth: payload.depth + 1,
            attempts: 0,
            dueMs: 0,
            state: 'queued',
            error: null,
          }),
        ],
  )
}
