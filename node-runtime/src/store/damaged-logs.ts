// The logs of a store that nobody has open, looked at before LevelDB is: it would put what it can read of them into tables
// and delete them, and with them the only sign that something is gone.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from './errors.ts'
import { type LogDamage, logDamage } from './log-damage.ts'

const LOG = /^\d+\.log$/

export interface DamagedLog extends LogDamage {
  readonly file: string
}

/** Reads only. Each log once, at its first damage; a log is as large as LevelDB's write buffer. */
export async function damagedLogs(location: string): Promise<DamagedLog[]> {
  const found: DamagedLog[] = []
  for (const file of (await readdir(location)).filter((name) => LOG.test(name)).toSorted()) {
    const damage = await damageIn(join(location, file))
    if (damage !== undefined) found.push({ file, ...damage })
  }
  return found
}

/** Throws STORE_CORRUPT. */
export async function requireWholeLogs(location: string): Promise<void> {
  const [first] = await damagedLogs(location)
  if (first === undefined) return
  const { file, at, why } = first
  throw new StoreError(
    'STORE_CORRUPT',
    `the store at ${location} is damaged: its log ${file} has ${why} at byte ${at}, and writes behind that may be gone; nothing was changed: put back a copy of the directory, or move it away, start the node anew and let it fetch its state from peers; calnode check --repair keeps a copy and goes on with what can be read`,
    { data: { location, file, at } },
  )
}

async function damageIn(path: string): Promise<LogDamage | undefined> {
  let log: Buffer
  try {
    log = await readFile(path)
  } catch (cause) {
    // Another process has the store open, and has gone on to its next log: LevelDB's lock is what tells that.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
  return logDamage(log)
}
