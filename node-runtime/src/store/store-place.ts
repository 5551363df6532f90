// Whether a directory has a store, had one, or is free for a new one. LevelDB makes a new store wherever `CURRENT` is
// missing and deletes what it finds there: whoever lost that one file would lose all the others.
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from './errors.ts'

const CURRENT = 'CURRENT'
/** Manifests, logs, tables. */
const OF_A_STORE = /^(?:MANIFEST-\d+|\d+\.(?:log|ldb|sst))$/
/** What a store that is being made has before its `CURRENT`; a process that ended there has written nothing yet. */
const FIRST_MANIFEST = 'MANIFEST-000001'
const NAMED_MAX = 5

/** Without a store the place is free for one. Throws STORE_CORRUPT where only parts of one are; changes nothing. */
export async function hasStore(location: string): Promise<boolean> {
  const names = await readdir(location)
  if (names.includes(CURRENT)) return true
  const left = names.filter((name) => OF_A_STORE.test(name) && name !== FIRST_MANIFEST).toSorted()
  if (left.length === 0) return false
  // One that another process made while the names were read.
  if (await isThere(join(location, CURRENT))) return true
  const some = `${left.slice(0, NAMED_MAX).join(', ')}${left.length > NAMED_MAX ? ', …' : ''}`
  throw new StoreError(
    'STORE_CORRUPT',
    `the store at ${location} is damaged: its file ${CURRENT} is missing, but ${left.length} files of a store are there (${some}); nothing was changed: put back a copy of the directory, or move it away, start the node anew and let it fetch its state from peers`,
    { data: { location, missing: CURRENT, left: left.length } },
  )
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    // Not there, or not readable: either way no store.
    return false
  }
}
