// A delta that was written again brings the same events. They are handled and shown once (I3), whichever of the two counted
// here first: what stands for a lost one may have before that stands again, or comes at all.
import type { DeltaId } from '../../base/ids.ts'
import type { Delta } from '../../wire/delta.ts'
import type { ContextStore } from '../context-store.ts'
import type { Rewrites } from './rewrites.ts'

export interface HandledParts {
  readonly rows: Pick<ContextStore, 'hasCounted' | 'delta'>
  /** What counted before a snapshot replaced the state, and what is noted of what went. */
  readonly again: ReadonlySet<DeltaId>
  readonly rewritten: Pick<Rewrites, 'of'>
}

/** Of a delta whose row does not say that it has counted: its handlers have had their rows, for it or for another with its events. */
export function isHandled(
  { id, author, rewrites = [] }: Pick<Delta, 'id' | 'author' | 'rewrites'>,
  { rows, again, rewritten }: HandledParts,
): boolean {
  const hasCounted = (each: DeltaId) => again.has(each) || rows.hasCounted(each)
  if (again.has(id) || rewrites.some(hasCounted)) return true
  // Nobody takes the place of what another has written.
  return [...rewritten.of(id)].some((each) => hasCounted(each) && rows.delta(each)?.author === author)
}
