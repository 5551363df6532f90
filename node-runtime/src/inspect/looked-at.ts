// The data of a stopped node as a copy that LevelDB may tidy: it writes whenever it opens. Tables never change and are linked.
// So is the lock, which is of the file and not of its name: a node that runs is an error, and none starts meanwhile.
import { constants, rmSync } from 'node:fs'
import { copyFile, link, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { StoreError } from '../store/errors.ts'

const TABLE = /^(\d+)\.(?:ldb|sst)$/
/** What the store cannot be read without. */
const FILE = /^(?:CURRENT|MANIFEST-\d+|\d+\.(?:log|ldb|sst))$/
const NO_PLACE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC'])

/** `work` is given the folder of the copy, which is gone afterwards. */
export async function withCopy<T>(dataPath: string, work: (copy: string) => Promise<T>): Promise<T> {
  const copy = await placeBeside(dataPath)
  // A reader that has enough (`| head`) ends the process at once.
  const leave = () => rmSync(copy, { recursive: true, force: true })
  process.once('exit', leave)
  try {
    const entries = await readdir(dataPath, { withFileTypes: true })
    for (const entry of entries)
      if (entry.isDirectory() && FILE.test(entry.name)) throw folderInPlace(dataPath, entry.name)
    const before = await manifestNumber(dataPath)
    for (const { name } of entries) {
      const isLinked = name === 'LOCK' || Number(TABLE.exec(name)?.[1] ?? before) < before
      await take(join(dataPath, name), join(copy, name), isLinked)
    }
    return await work(copy)
  } finally {
    await rm(copy, { recursive: true, force: true })
    process.off('exit', leave)
  }
}

function folderInPlace(dataPath: string, name: string): StoreError {
  const message = `the store at ${dataPath} is damaged: ${name} is a folder, and not a file; put back a copy of the directory`
  return new StoreError('STORE_CORRUPT', message, { data: { location: dataPath, file: name } })
}

/** Names of tables below it are never given again; one above it may be a leftover that LevelDB writes over. */
async function manifestNumber(dataPath: string): Promise<number> {
  const current = await readFile(join(dataPath, 'CURRENT'), 'latin1')
  return Number(/^MANIFEST-(\d+)\n$/.exec(current)?.[1] ?? 0)
}

/** Beside the data, as links are of one file system; elsewhere where nothing can be written there. */
async function placeBeside(dataPath: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(dataPath), `.${basename(dataPath)}-looked-at-`))
  } catch (error) {
    if (!NO_PLACE.has(codeOf(error))) throw error
    return mkdtemp(join(tmpdir(), 'calnode-looked-at-'))
  }
}

async function take(from: string, to: string, isLinked: boolean): Promise<void> {
  try {
    const copied = () => copyFile(from, to, constants.COPYFILE_FICLONE)
    // A file system without links, or another one.
    await (isLinked ? link(from, to).catch(copied) : copied())
  } catch (error) {
    // A node that runs has gone on to another file; then its lock is what is met.
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
