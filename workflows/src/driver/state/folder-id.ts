// The id of a state folder, drawn once and kept in it. Its path tells it from others of this machine only: two machines, or two
// containers, that share an engine may have folders of the same path there.
import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DriverError } from '../errors.ts'
import { fileFault } from '../file-fault.ts'

const ID = /^[0-9a-f]{32}$/

/** 32 hex digits. FILE_UNUSABLE where it cannot be kept. */
export function folderId(stateDir: string): string {
  const file = join(stateDir, 'id')
  const there = readId(file)
  if (there !== undefined) return there
  try {
    drawId(stateDir, file)
  } catch (error) {
    throw fileFault(error, stateDir) ?? new DriverError('STATE_UNUSABLE', `cannot write ${file}`, { cause: error })
  }
  const id = readId(file)
  if (id !== undefined) return id
  throw new DriverError('STATE_UNUSABLE', `${file} holds no id of calbox; remove it`)
}

/** Of two who draw one at a time the first is taken. */
function drawId(stateDir: string, file: string): void {
  mkdirSync(stateDir, { recursive: true })
  const mine = `${file}.${randomUUID()}`
  writeFileSync(mine, `${randomUUID().replaceAll('-', '')}\n`)
  try {
    linkSync(mine, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(mine)
  }
}

function readId(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return ID.test(text) ? text : undefined
  } catch {
    // Not there yet, or not to be read: the write tells which.
    return undefined
  }
}
