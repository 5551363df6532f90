import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holdFile, liveHolder } from './exclusive-file.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-lock-'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('one of many takers gets it, the others learn who has it', async () => {
  const path = join(dir, 'deep', 'lock')
  const takers = await Promise.all(Array.from({ length: 10 }, () => holdFile(path)))
  const held = takers.filter((taker) => 'release' in taker)
  expect(held).toHaveLength(1)
  expect(takers.find((taker) => 'holder' in taker)).toMatchObject({ holder: { pid: process.pid } })
  await held[0]?.release()
  expect(await holdFile(path)).toHaveProperty('release')
})

test.for([JSON.stringify({ pid: process.pid, startId: 'an earlier process' }), '', 'not json', '{"pid":"x"}'])(
  'a file left by a process that is gone (%s) holds nothing, and one of many takes it over',
  async (text) => {
    const path = join(dir, 'lock')
    writeFileSync(path, text)
    const takers = await Promise.all(Array.from({ length: 5 }, () => holdFile(path)))
    expect(takers.filter((taker) => 'release' in taker)).toHaveLength(1)
    expect(readdirSync(dir)).toEqual(['lock'])
  },
)

test('a holder that is elsewhere has it, as nobody here sees whether it lives; where only those here count, it has not', async () => {
  const path = join(dir, 'lock')
  writeFileSync(path, JSON.stringify({ pid: 1, startId: 'x', space: 'elsewhere/boot/pid1' }))
  expect(await holdFile(path)).toEqual({ holder: { pid: 1, startId: 'x', space: 'elsewhere/boot/pid1' } })
  expect(await liveHolder(path)).toMatchObject({ pid: 1 })
  expect(await holdFile(path, { onlyHere: true })).toHaveProperty('release')
})
