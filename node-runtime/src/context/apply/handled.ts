// A delta that was written again brings the same events: where what it stands for has counted, they were handled (I3).
import type { DeltaId } from '../../base/ids.ts'
import type { Delta } from '../../wire/delta.ts'
import type { ContextStore } from '../context-store.ts'

export interface HandledParts {
  readonly rows: Pick<ContextStore, 'hasCounted'>
  /** What counted before a snapshot replaced the state. */
  readonly again: ReadonlySet<DeltaId>
}

export function standsForHandled({ rewrites = [] }: Pick<Delta, 'rewrites'>, { rows, again }: HandledParts): boolean {
  return rewrites.some((id) => again.has(id) || rows.hasCounted(id))
}
