// What a removal says of a context: which deltas of the removed member were accepted there.
import type { ContextId, DeltaId } from '../base/ids.ts'
import type { PinnedHeads } from '../base/operations.ts'
import type { Removal } from './namespace-state.ts'

/**
 * Heads whose past is what was accepted from the removed member in a context. Undefined while nobody has said it: then
 * all counts that it wrote without knowing of the removal.
 */
export function pinsOf(removal: Removal, contextId: ContextId): readonly DeltaId[] | undefined {
  const witnessed = removal.witnessed?.[contextId]
  if (isSettled(removal, contextId)) return removal.pinned?.[contextId]
  // Who leaves may name what it has written, and nothing of that is lost; it cannot end with it what others say.
  return witnessed && unionOf(removal.pinned?.[contextId] ?? [], witnessed)
}

/** Whoever removed or lowered the member had the context, and its word is the last. Nobody has the last word on itself. */
export function isSettled({ how, pinned }: Removal, contextId: ContextId): boolean {
  return how !== 'left' && pinned?.[contextId] !== undefined
}

export function contextsOf(pinned: PinnedHeads): ContextId[] {
  return Object.keys(pinned) as ContextId[]
}

/** In ascending order. */
export function unionOf(a: readonly DeltaId[], b: readonly DeltaId[]): DeltaId[] {
  return [...new Set([...a, ...b])].sort()
}
