// A lock between calbox processes: a file that names its holder and exists only as long as the holder lives.
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** Ours until `release`; a crash releases it, too, as the next taker sees that the holder is gone. */
export interface HeldFile {
  release(): Promise<void>
}

/** The lock, or the process that has it. */
export async function holdFile(path: string): Promise<HeldFile | { holder: ProcessIdentity }> {
  await mkdir(dirname(path), { recursive: true })
  const self = identify(process.pid)
  if (self === undefined) throw new Error('assertion failed: this process can see itself')
  const mine = `${path}.${randomUUID()}`
  await writeFile(mine, JSON.stringify(self))
  try {
    for (;;) {
      if (await tryLink(mine, path)) return { release: () => rm(path, { force: true }) }
      const text = await readIfThere(path)
      if (text === undefined) continue
      const holder = parseHolder(text)
      if (holder !== undefined && isAlive(holder)) return { holder }
      await removeStale(path, text)
    }
  } finally {
    await rm(mine, { force: true })
  }
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

/** Takes the file away, unless somebody else replaced it meanwhile: then it is put back. */
async function removeStale(path: string, staleText: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  if ((await readIfThere(aside)) !== staleText) await tryLink(aside, path)
  await rm(aside, { force: true })
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
    return typeof pid === 'number' && typeof startId === 'string' ? { pid, startId } : undefined
  } catch {
    // Cut off or foreign.
    return undefined
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
