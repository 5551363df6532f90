// A store that says whether its disk takes what is written: known from the last batch, so that nobody writes to find out.
import { StoreError, type StoreErrorCode } from './errors.ts'
import type { Store } from './store.ts'

export interface WatchedStore extends Store {
  /** Why the last batch was not written; undefined since one was. What only deletes proves nothing: it needs no room. */
  readonly failing: StoreErrorCode | undefined
}

export function watchedStore(inner: Store): WatchedStore {
  let failing: StoreErrorCode | undefined
  const { compact } = inner
  return {
    get failing() {
      return failing
    },
    get: (key) => inner.get(key),
    entries: (range) => inner.entries(range),
    snapshot: () => inner.snapshot(),
    close: () => inner.close(),
    ...(compact && { compact: (range) => compact.call(inner, range) }),
    batch: (ops) => {
      const done = inner.batch(ops)
      // Known before whoever waits for it goes on.
      done.then(
        () => {
          if (ops.some(({ type }) => type === 'put')) failing = undefined
        },
        (error) => {
          const code = error instanceof StoreError ? error.code : 'STORE_FAILED'
          if (code !== 'STORE_CLOSED') failing = code
        },
      )
      return done
    },
  }
}
