// Events as clients of the reference node read them: byte lists for data, base58 for contexts and roots, hex for groups.
import { idBase58 } from '../../base/ids.ts'
import type { NodeEvent } from '../../context/ports.ts'

export function eventText(event: NodeEvent): string {
  if ('groupId' in event) return JSON.stringify(event)
  if ('presence' in event) {
    const { author, state, ageMs } = event.presence
    const shown = state === undefined ? { removed: true } : { state: [...state] }
    const data = { author: idBase58(author), ...shown, ...(ageMs === undefined ? {} : { ageMs }) }
    return JSON.stringify({ contextId: idBase58(event.contextId), type: 'Ephemeral', data })
  }
  if ('xcall' in event) {
    const { targetContextId, method, outcome } = event.xcall
    const data = { targetContextId: idBase58(targetContextId), function: method, outcome }
    return JSON.stringify({ contextId: idBase58(event.contextId), type: 'XCall', data })
  }
  const { contextId, root, events } = event
  const data = {
    newRoot: idBase58(root),
    events: events.map(({ kind, data, handler }) => ({ kind, data: [...data], handler: handler ?? null })),
  }
  return JSON.stringify({ contextId: idBase58(contextId), type: 'StateMutation', data })
}
