import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { openLevelStore } from './level.ts'
import { logDamage } from './log-damage.ts'

const HEADER = 7

let location: string
let file: string
/** A log as LevelDB writes it: records in one block, and over several. */
let log: Buffer
beforeAll(async () => {
  location = await mkdtemp(join(tmpdir(), 'calbox-log-'))
  const store = await openLevelStore(location)
  for (let n = 0; n < 40; n += 1) {
    const value = randomBytes(n % 10 === 9 ? 70_000 : 900)
    // Of a power cut, zeros at the end would be.
    value[value.length - 1] = 1
    await store.batch([{ type: 'put', key: utf8(`key ${n}`), value }])
  }
  await store.close()
  file = (await readdir(location)).find((name) => name.endsWith('.log')) ?? ''
  log = await readFile(join(location, file))
})
afterAll(() => rm(location, { recursive: true, force: true }))

const flipped = (at: number) => {
  const copy = Buffer.from(log)
  copy[at] = (copy[at] ?? 0) ^ 0x10
  return copy
}

it('a log is whole, wherever it was cut off, and whatever zeros follow', () => {
  expect(log.length).toBeGreaterThan(300_000)
  expect(logDamage(Buffer.alloc(0))).toBeUndefined()
  expect(logDamage(log)).toBeUndefined()
  for (let end = log.length; end > 0; end -= 4099) expect(logDamage(log.subarray(0, end))).toBeUndefined()
  expect(logDamage(Buffer.concat([log, Buffer.alloc(70_000)]))).toBeUndefined()
  const lost = Buffer.from(log).fill(0, 8 * 4096)
  expect(logDamage(lost)).toBeUndefined()
})

it('a changed byte is seen wherever it is: in a checksum, a length, a type, a key, a value, the last record', () => {
  for (const at of [0, 5, 6, 7, 30, 500, 20_000, 32_768, 100_003, log.length - 1]) {
    expect([at, logDamage(flipped(at))]).toEqual([at, { at: expect.any(Number), why: expect.any(String) }])
  }
})

it('a length that reaches beyond the log is seen where records follow, and is a torn end where none do', () => {
  const [first = 0, second = 0, third = 0] = wholeRecords(log)
  const claiming = (end: number) => {
    const copy = Buffer.from(log.subarray(0, end))
    copy.writeUInt16LE(copy.readUInt16LE(first + 4) + third, first + 4)
    return logDamage(copy)
  }
  expect(claiming(third)).toEqual({ at: first, why: 'a length that is none' })
  expect(claiming(second)).toBeUndefined()
})

it('a hole with records behind it is seen', () => {
  expect(logDamage(Buffer.from(log).fill(0, 32_768, 65_536))).toMatchObject({ at: 32_768 })
})

it('a store whose log is damaged is not opened, and stays as it is', async () => {
  await writeFile(join(location, file), flipped(20_000))
  const names = await readdir(location)
  await expect(openLevelStore(location)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/log \d+\.log has a checksum that is wrong at byte \d+.*check --repair/),
  })
  expect([await readdir(location), (await readFile(join(location, file))).equals(flipped(20_000))]).toEqual([
    names,
    true,
  ])
  // Whoever has a copy may.
  await (await openLevelStore(location, { isCopied: true })).close()
})

/** Where the first records begin: none of them reaches into another block. */
function wholeRecords(bytes: Buffer): number[] {
  const found: number[] = []
  for (let at = 0; found.length < 3; at += HEADER + bytes.readUInt16LE(at + 4)) found.push(at)
  return found
}
