// Whose fault it is that a merge cannot read a record: that of an artifact before, then it is so on every node; or that of this
// disk, then it decides nothing (I1).
import type { Bytes } from '../../base/bytes.ts'
import type { InPieces } from '../../base/pieces.ts'
import { type ArtifactMeta, mergeInPieces } from '../../crdt/artifact.ts'
import { CrdtError } from '../../crdt/errors.ts'
import type { ContextState } from '../../storage/context-state.ts'
import type { StateView } from '../../storage/state-view.ts'
import { StagedMap } from '../staged-map.ts'

/** Merges once more, for nothing but to see each record that is read against the tree. Throws StorageError STATE_CORRUPT. */
export function* requireWhole(
  state: Pick<ContextState, 'verify'>,
  view: StateView,
  { artifact, ...meta }: ArtifactMeta & { readonly artifact: Bytes },
): InPieces {
  const verified: StateView = {
    get(key) {
      state.verify(key)
      return view.get(key)
    },
  }
  try {
    yield* mergeInPieces(new StagedMap(verified), artifact, meta)
  } catch (error) {
    // What it says of the records is known.
    if (!(error instanceof CrdtError)) throw error
  }
}
