// The logs of a store that nobody has open, looked at before LevelDB is: it would put what it can read of them into tables
// and delete them, and with them the only sign that something is gone.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from './errors.ts'
import { type LogDamage, logDamage } from './log-damage.ts'
import { neededIn } from './needed-files.ts'

const LOG = /^\d+\.log$/
const LOG_DIGITS = 6

export interface DamagedLog {
  readonly file: string
  /** Byte of the log; undefined where the whole of it is gone. */
  readonly at: number | undefined
  readonly why: string
}

/** Reads only. Each log once, at its first damage; a log is as large as LevelDB's write buffer. */
export async function damagedLogs(location: string): Promise<DamagedLog[]> {
  const found: DamagedLog[] = []
  for (const file of (await readdir(location)).filter((name) => LOG.test(name)).toSorted()) {
    const damage = await damageIn(join(location, file))
    if (damage !== undefined) found.push({ file, ...damage })
  }
  const missing = await missingLog(location)
  if (missing !== undefined) found.push({ file: missing, at: undefined, why: 'is missing' })
  return found
}

/** Throws STORE_CORRUPT. A log that was begun since, and is gone, leaves no trace: only that of the manifest is missed. */
export async function requireWholeLogs(location: string): Promise<void> {
  const [first] = await damagedLogs(location)
  if (first === undefined) return
  const { file, at, why } = first
  const what =
    at === undefined
      ? `${why}: the last writes are gone`
      : `has ${why} at byte ${at}, and writes behind that may be gone`
  throw new StoreError(
    'STORE_CORRUPT',
    `the store at ${location} is damaged: its log ${file} ${what}; nothing was changed: put back a copy of the directory, or move it away, start the node anew and let it fetch its state from peers; calnode check --repair keeps a copy and goes on with what can be read`,
    { data: { location, file, ...(at !== undefined && { at }) } },
  )
}

/** The log that the manifest needs, by its name, where it is not there: LevelDB would go on without it and say nothing. */
async function missingLog(location: string): Promise<string | undefined> {
  const needed = (await neededIn(location))?.log
  if (!needed) return undefined
  const file = `${String(needed).padStart(LOG_DIGITS, '0')}.log`
  if ((await readdir(location)).includes(file)) return undefined
  // Another process that has the store open may have gone on meanwhile.
  return (await neededIn(location))?.log === needed ? file : undefined
}

async function damageIn(path: string): Promise<LogDamage | undefined> {
  let log: Buffer
  try {
    log = await readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    // Another process has the store open, and has gone on to its next log: LevelDB's lock is what tells that.
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR') return { at: 0, why: 'a folder in its place' }
    throw cause
  }
  return logDamage(log)
}
