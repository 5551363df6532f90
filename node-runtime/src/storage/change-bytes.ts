// The bytes of keys and values in changes to a state, or in the record that takes them back.
import type { InPieces } from '../base/pieces.ts'
import { STATE_PIECE } from './limits.ts'
import type { StateChange } from './state-view.ts'

export function* changeBytesInPieces(changes: readonly StateChange[]): InPieces<number> {
  let bytes = 0
  for (const [index, { key, value }] of changes.entries()) {
    bytes += key.byteLength + (value?.byteLength ?? 0)
    if ((index + 1) % STATE_PIECE === 0) yield
  }
  return bytes
}
