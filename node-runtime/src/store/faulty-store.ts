// A store whose disk is full or read-only as long as somebody says so, for tests of what a node makes of it. Its batches
// fail as those of the real one do, and leave no trace; reading goes on.
import type { Store } from './store.ts'
import { writeError } from './write-error.ts'

/** `refusal`: what the system would say of a write now, with its `code`; undefined where it would take it. */
export function faultyStore(inner: Store, location: string, refusal: () => Error | undefined): Store {
  return {
    get: (key) => inner.get(key),
    entries: (range) => inner.entries(range),
    snapshot: () => inner.snapshot(),
    close: () => inner.close(),
    batch: async (ops) => {
      const cause = refusal()
      if (cause !== undefined) throw writeError(location, ops.length, cause)
      await inner.batch(ops)
    },
  }
}
