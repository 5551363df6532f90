// The version of what a data directory holds. Rows of another one mean something else: they are never read half.
import { equalBytes, utf8 } from '../base/bytes.ts'
import { StoreError } from './errors.ts'
import { KEY_PREFIXES, type KeyKind, keyOf } from './keys.ts'
import { rangeOf, type Store } from './store.ts'

/** Raised with every change of rows that older ones cannot be read as. */
const FORMAT = utf8('2')
/** Whoever has none of these has written nothing that depends on the version. */
const TELLING: readonly KeyKind[] = ['governance', 'context', 'delta']

/** Throws STORE_OLD where the rows are of another version than this node's; notes the version in an empty store. */
export async function requireFormat(store: Store): Promise<void> {
  const key = keyOf('nodeMeta', utf8('format'))
  const found = store.get(key)
  if (found !== undefined && equalBytes(found, FORMAT)) return
  if (found === undefined && !(await holdsAny(store))) return store.batch([{ type: 'put', key, value: FORMAT }])
  const version = found === undefined ? '1' : Buffer.from(found).toString('latin1').slice(0, 20)
  throw new StoreError(
    'STORE_OLD',
    `the data directory is of version ${version}, this node reads version ${Buffer.from(FORMAT).toString()}: start it on a fresh directory, or run the release that wrote this one`,
    { data: { version } },
  )
}

async function holdsAny(store: Store): Promise<boolean> {
  for (const kind of TELLING) {
    for await (const _ of store.entries({ ...rangeOf(utf8(KEY_PREFIXES[kind])), limit: 1 })) return true
  }
  return false
}
