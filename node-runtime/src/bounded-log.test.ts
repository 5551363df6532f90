import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LOG_HEADING_BYTES, logHeading, positionInHeading } from '@calbox/schemas/log-heading'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BoundedLog, boundedLog } from './bounded-log.ts'

let folder: string
let file: string
let fd: number

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calnode-log-'))
  file = path.join(folder, 'n.log')
  fd = openSync(file, 'a')
})

afterEach(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true, force: true })
})

function bounded(maxBytes: number): { log: BoundedLog; told: string[] } {
  const log = boundedLog({ file, maxBytes }, { fd })
  const told: string[] = []
  log.onTrouble((fields, message) => told.push(`${message} ${JSON.stringify(fields)}`))
  return { log, told }
}

const said = (name = file) => readFileSync(name, 'utf8').slice(LOG_HEADING_BYTES)
const position = (name = file) => positionInHeading(readFileSync(name))

test('a log that has grown too long is put aside as often as that happens, and each part says where it begins', async () => {
  writeSync(fd, logHeading(0))
  const { log } = bounded(LOG_HEADING_BYTES + 20)
  log.write('0 first line\n')
  log.write('1 second line\n')
  // While it is being copied, too, also past the logger.
  log.write('2 third line\n')
  writeSync(fd, '3 words past it\n')
  await expect.poll(() => position()).toBe(56)
  expect(said()).toBe('')
  expect(said(`${file}.1`)).toBe('0 first line\n1 second line\n2 third line\n3 words past it\n')
  log.write('4 here it is\n')
  expect(said()).toBe('4 here it is\n')
  log.write('5 and goes\n')
  await expect.poll(() => position()).toBe(80)
  expect([position(`${file}.1`), said(`${file}.1`)]).toEqual([56, '4 here it is\n5 and goes\n'])
  expect(readdirSync(folder).sort()).toEqual(['n.log', 'n.log.1'])
})

test('a log that cannot be put aside goes on and says why, and is put aside later', async () => {
  const { log, told } = bounded(100)
  renameSync(file, `${file}.away`)
  log.write(`${'x'.repeat(100)}\n`)
  await expect.poll(() => told).toEqual([expect.stringContaining('the log cannot be put aside: it grows')])
  renameSync(`${file}.away`, file)
  log.write('y\n')
  expect(readdirSync(folder)).toEqual(['n.log'])
  log.write(`${'z'.repeat(20)}\n`)
  await expect.poll(() => position()).toBe(124)
})

test('lines that cannot be written do not end the node, and are counted when one can be again', () => {
  let isFull = true
  const write = (to: number, bytes: Uint8Array, at: number) => {
    if (isFull) throw new Error('ENOSPC: no space left on device, write')
    return writeSync(to, bytes, at)
  }
  const log = boundedLog({ file, maxBytes: 1000 }, { fd, write })
  const told: unknown[] = []
  log.onTrouble((fields) => told.push(fields))
  log.write('lost\n')
  log.write('lost\n')
  isFull = false
  log.write('there\n')
  expect([position(), said(), told]).toEqual([0, 'there\n', [{ lines: 2 }]])
})

test('in a file that was emptied the log goes on where it was, and a node that begins in one goes on behind the older part', async () => {
  // Its node was killed after it had emptied the file.
  writeFileSync(`${file}.1`, `${logHeading(100)}ten bytes\n`)
  const { log } = bounded(LOG_HEADING_BYTES + 20)
  log.write('first\n')
  writeSync(fd, 'past it\n')
  expect([position(), said()]).toEqual([110, 'first\npast it\n'])
  log.write('n\n')
  truncateSync(file)
  log.write('again\n')
  expect([position(), said()]).toEqual([126, 'again\n'])
  // Without a heading it is known all the same.
  truncateSync(file)
  writeSync(fd, 'past it\n')
  log.write(`${'x'.repeat(200)}\n`)
  await expect.poll(() => position()).toBe(341)
})

test('what of a line was written before the disk was full counts', async () => {
  let left = LOG_HEADING_BYTES + 4
  const write = (to: number, bytes: Uint8Array, at: number) => {
    if (left === 0) throw new Error('ENOSPC: no space left on device, write')
    const count = writeSync(to, bytes, at, Math.min(left, bytes.length - at))
    left -= count
    return count
  }
  const log = boundedLog({ file, maxBytes: LOG_HEADING_BYTES + 8 }, { fd, write })
  log.write('half of it\n')
  left = 1000
  log.write('whole\n')
  await expect.poll(() => position()).toBe(10)
  expect(said(`${file}.1`)).toBe('halfwhole\n')
})
