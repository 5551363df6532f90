// Where bundles are put: file by file, each whole, so that whoever runs the old ones meanwhile is not disturbed. The
// stamp says which sources they were built from, and which files belong to them.
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'

const STAMP = '.stamp'
/** Nodes and runs of an older build load some of its chunks late: by then, or never. */
const SUPERSEDED_KEPT_MS = 24 * 3_600_000
/** Who builds often would fill the disk in that day. Over it the oldest go, but for those of the last hour. */
const SUPERSEDED_KEPT_BYTES = 32 * 1024 * 1024
const SUPERSEDED_SPARED_MS = 3_600_000

export interface Stamp {
  readonly hash: string
  /** Names of the bundle's files. */
  readonly files: readonly string[]
  /** What went into a program of one file: launchers look at these alone. */
  readonly inputs?: Readonly<Record<string, readonly string[]>>
}

/** Undefined: there is no whole build. */
export async function readStamp(folder: string): Promise<Stamp | undefined> {
  const text = await readFile(path.join(folder, STAMP), 'utf8').catch(() => '')
  try {
    const value: unknown = JSON.parse(text)
    if (!isStamp(value)) return undefined
    const there = new Set(await readdir(folder))
    return value.files.every((name) => there.has(name)) ? value : undefined
  } catch {
    // Absent, cut off, or of an earlier version of this program.
    return undefined
  }
}

/** `builtFrom`: when the sources were read. What changes after that is newer than the stamp. */
export async function writeStamp(folder: string, stamp: Stamp, builtFrom: Date): Promise<void> {
  const file = path.join(folder, STAMP)
  await replaceFile(file, JSON.stringify(stamp))
  await utimes(file, builtFrom, builtFrom)
}

/**
 * Moves all files of `from` into `to`, which is on the same disk. Entries come last: before an entry is new, all that it
 * loads is there. Without a stamp from the first file to the end. Returns the names.
 */
export async function placeOutput(from: string, to: string, entries: readonly string[]): Promise<string[]> {
  await mkdir(to, { recursive: true })
  const before = (await readStamp(to))?.files ?? []
  await rm(path.join(to, STAMP), { force: true })
  const names = await readdir(from)
  const last = new Set(entries)
  for (const name of [...names.filter((each) => !last.has(each)), ...names.filter((each) => last.has(each))]) {
    await rename(path.join(from, name), path.join(to, name))
  }
  await dropSuperseded(to, { before, current: new Set(names) })
  return names
}

/** What the new build does not have: its time starts now, and when it is over, the file goes. Packages do without it. */
async function dropSuperseded(
  folder: string,
  { before, current }: { before: readonly string[]; current: ReadonlySet<string> },
): Promise<void> {
  const now = new Date()
  const old: { readonly name: string; readonly ageMs: number; readonly bytes: number }[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry
    if (!entry.isFile() || !/\.c?js$/.test(name) || current.has(name)) continue
    const file = path.join(folder, name)
    if (before.includes(name)) await utimes(file, now, now)
    const { mtimeMs, size } = await stat(file)
    old.push({ name, ageMs: now.getTime() - mtimeMs, bytes: size })
  }
  const kept: string[] = []
  let bytes = 0
  for (const file of old.toSorted((a, b) => a.ageMs - b.ageMs)) {
    bytes += file.bytes
    const isMuch = bytes > SUPERSEDED_KEPT_BYTES && file.ageMs > SUPERSEDED_SPARED_MS
    if (isMuch || file.ageMs > SUPERSEDED_KEPT_MS) await rm(path.join(folder, file.name), { force: true })
    else kept.push(file.name)
  }
  await replaceFile(path.join(folder, '.npmignore'), [STAMP, ...kept.sort(), ''].join('\n'))
}

/** Whole or not at all. */
export async function replaceFile(file: string, content: string): Promise<void> {
  await replace(file, (temporary) => writeFile(temporary, content))
}

/** Whole or not at all. */
export async function replaceByCopy(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true })
  await replace(to, (temporary) => copyFile(from, temporary))
}

async function replace(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${file}.${process.pid}.new`
  try {
    await write(temporary)
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
}

function isStamp(value: unknown): value is Stamp {
  if (typeof value !== 'object' || value === null || !('hash' in value) || !('files' in value)) return false
  const { hash, files } = value
  return typeof hash === 'string' && Array.isArray(files) && files.every((name) => typeof name === 'string')
}
