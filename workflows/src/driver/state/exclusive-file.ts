// A lock between calbox processes: a file that names its holder and exists only as long as the holder lives.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileFault } from '../file-fault.ts'
import { TAKEOVER_POLL_MS } from '../limits.ts'
import { identify, isAlive, isElsewhere, type ProcessIdentity } from '../process/process-identity.ts'

/** Ours until `release`; a crash releases it, too, as the next taker sees that the holder is gone. */
export interface HeldFile {
  release(): Promise<void>
}

/**
 * The lock, or the process that has it. One that is elsewhere, where nobody can see whether it lives, has it; with `onlyHere` it
 * counts for nothing.
 */
export async function holdFile(
  path: string,
  { onlyHere = false }: { readonly onlyHere?: boolean } = {},
): Promise<HeldFile | { holder: ProcessIdentity }> {
  await mkdir(dirname(path), { recursive: true })
  const self = identify(process.pid)
  if (self === undefined) throw new Error('assertion failed: this process can see itself')
  const mine = `${path}.${randomUUID()}`
  await writeFile(mine, JSON.stringify(self)).catch(async (error: unknown) => {
    await rm(mine, { force: true })
    throw fileFault(error, path) ?? error
  })
  try {
    for (;;) {
      if (await tryLink(mine, path)) return { release: () => rm(path, { force: true }) }
      const text = await readIfThere(path)
      if (text === undefined) continue
      const holder = parseHolder(text)
      if (holder !== undefined && (isAlive(holder) || (!onlyHere && isElsewhere(holder)))) return { holder }
      await removeStale(path, text, mine)
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/** Who has the lock now; undefined when nobody does that lives, or may live elsewhere. */
export async function liveHolder(path: string): Promise<ProcessIdentity | undefined> {
  const holder = parseHolder((await readIfThere(path)) ?? '')
  return holder !== undefined && (isAlive(holder) || isElsewhere(holder)) ? holder : undefined
}

/** link() is the one file operation that is atomic, exclusive, and shows the content at once. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes a dead holder's file away. Only who has the takeover file may, so a fresh file that somebody put in its place is
 * never hit. A takeover file is held for microseconds; one that stays belongs to a process that died in between.
 */
async function removeStale(path: string, staleText: string, mine: string): Promise<void> {
  const takeover = `${path}.takeover`
  if (!(await tryLink(mine, takeover))) {
    const holder = parseHolder((await readIfThere(takeover)) ?? '')
    if (holder !== undefined && !isAlive(holder)) await rm(takeover, { force: true })
    return delay(TAKEOVER_POLL_MS)
  }
  try {
    if ((await readIfThere(path)) === staleText) await rm(path)
  } finally {
    await rm(takeover, { force: true })
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for text that no calbox wrote: such a file holds nothing. */
function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startId' in value)) return undefined
    const { pid, startId } = value
    const space = 'space' in value && typeof value.space === 'string' ? { space: value.space } : {}
    return typeof pid === 'number' && typeof startId === 'string' ? { pid, startId, ...space } : undefined
  } catch {
    // Cut off or foreign.
    return undefined
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
