// All of a data directory, one finding after the other. Nothing is written.
import type { ContextId } from '../../base/ids.ts'
import { idBytes } from '../../base/ids.ts'
import { StoreError } from '../../store/errors.ts'
import { keyOf } from '../../store/keys.ts'
import type { Store } from '../../store/store.ts'
import { type ContextRow, decodeRow } from '../../wire/records.ts'
import { contextsWith } from '../stored-ids.ts'
import { checkBlobs } from './check-blobs.ts'
import { checkDeltas } from './check-deltas.ts'
import { checkRows } from './check-rows.ts'
import { checkBase, checkState } from './check-state.ts'
import { type Finding, REFETCH } from './finding.ts'

interface Parts {
  readonly store: Store
  readonly blobPath: string
}

export async function* check({ store, blobPath }: Parts): AsyncGenerator<Finding> {
  yield* asFarAsRead(checkAll({ store, blobPath }))
}

async function* checkAll({ store, blobPath }: Parts): AsyncGenerator<Finding> {
  yield* checkRows(store)
  for await (const id of contextsWith(store, 'context')) yield* whole(id, checkContext(store, id))
  yield* checkBlobs(store, blobPath)
}

async function* checkContext(store: Store, id: ContextId): AsyncGenerator<Finding> {
  yield* checkState(store, id)
  yield* checkDeltas(store, id)
  const row = store.get(keyOf('context', idBytes(id)))
  if (row !== undefined) yield* checkBase(store, id, decodeRow<ContextRow>('context', row))
}

/** What LevelDB cannot read ends the check, with a word; what has been found so far stands. */
async function* asFarAsRead(findings: AsyncGenerator<Finding>): AsyncGenerator<Finding> {
  try {
    yield* findings
  } catch (error) {
    if (!(error instanceof StoreError && (error.code === 'STORE_CORRUPT' || error.code === 'STORE_FAILED'))) throw error
    yield { kind: 'damage', what: 'store', message: `cannot be read to its end: ${error.message}; ${REFETCH}` }
  }
}

/** What cannot even be gone through is one more finding, and no reason to leave out the rest. */
async function* whole(id: ContextId, findings: AsyncGenerator<Finding>): AsyncGenerator<Finding> {
  try {
    yield* findings
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    yield { kind: 'damage', what: 'context', context: id, message: `cannot be gone through: ${why}; ${REFETCH}` }
  }
}
