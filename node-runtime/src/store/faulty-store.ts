// A store whose disk is full or read-only, or that cannot be read, as long as somebody says so, for tests of what a node makes
// of it. Its batches and reads fail as those of the real one do; a batch that failed leaves no trace.
import { openingError } from './errors.ts'
import type { Store, StoreReader } from './store.ts'
import { writeError } from './write-error.ts'

/** What the system would say of it now; undefined where it would do it. */
export interface Refusals {
  /** With its `code`. While reading goes on. */
  readonly write?: () => Error | undefined
  /** As while it is opened anew: nothing can be written then, either. */
  readonly read?: () => Error | undefined
}

export function faultyStore(inner: Store, location: string, refusals: Refusals): Store {
  const check = () => {
    const cause = refusals.read?.()
    if (cause !== undefined) throw openingError(location, cause)
  }
  const readable = (reader: StoreReader): StoreReader => ({
    get: (key) => {
      check()
      return reader.get(key)
    },
    entries: async function* (range) {
      check()
      for await (const entry of reader.entries(range)) {
        yield entry
        check()
      }
    },
  })
  return {
    ...readable(inner),
    snapshot: () => {
      check()
      const snapshot = inner.snapshot()
      return { ...readable(snapshot), close: () => snapshot.close() }
    },
    close: () => inner.close(),
    batch: async (ops) => {
      check()
      const cause = refusals.write?.()
      if (cause !== undefined) throw writeError(location, ops.length, cause)
      await inner.batch(ops)
    },
  }
}
