// Tables that LevelDB really writes, packed and not, with a byte that has changed.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { damagedTables } from './damaged-tables.ts'
import { tableDamage } from './table-damage.ts'

const ROWS = 400

/** What cannot be packed, and what packs well: blocks of both kinds. */
const contentOf = (n: number) => (n % 2 === 0 ? randomBytes(900) : Buffer.alloc(900, `row ${n} `))

describe.each([true, false])('with compression %s', (compression) => {
  let location: string
  let file: string
  let table: Buffer
  beforeAll(async () => {
    location = await mkdtemp(join(tmpdir(), 'calbox-table-'))
    const level = new ClassicLevel<string, Uint8Array>(location, { valueEncoding: 'view', compression })
    for (let n = 0; n < ROWS; n += 1) await level.put(`key ${n}`, contentOf(n))
    await level.compactRange('a', 'z')
    await level.close()
    file = (await readdir(location)).find((name) => name.endsWith('.ldb')) ?? ''
    table = await readFile(join(location, file))
  })
  afterAll(() => rm(location, { recursive: true, force: true }))

  const flipped = (at: number) => {
    const copy = Buffer.from(table)
    copy[at] = (copy[at] ?? 0) ^ 0x10
    return copy
  }

  it('a table is whole', async () => {
    expect(table.length).toBeGreaterThan(ROWS * 450)
    expect(tableDamage(table)).toEqual([])
    expect(await damagedTables(location)).toEqual([])
  })

  it('a changed byte is seen wherever it is: in a row, a checksum, the index, the footer', () => {
    // The footer is filled up between the places that it names and its end.
    const footer = [...Array.from({ length: 4 }, (_, at) => table.length - 48 + at), table.length - 8, table.length - 1]
    const places = [0, 1, 4_000, 4_100, 50_000, table.length - 49, table.length - 60, table.length - 300, ...footer]
    for (let at = 977; at < table.length - 48; at += 977) places.push(at)
    for (const at of places) expect([at, tableDamage(flipped(at)).length]).not.toEqual([at, 0])
  })

  it('of blocks of rows each that is damaged is told, and no other', () => {
    const copy = flipped(10)
    copy[100_000] = (copy[100_000] ?? 0) ^ 1
    const found = tableDamage(copy)
    expect(found).toEqual([
      { at: 0, why: 'a checksum that is wrong' },
      { at: expect.any(Number), why: 'a checksum that is wrong' },
    ])
    expect(Math.abs((found[1]?.at ?? 0) - 100_000)).toBeLessThan(5_000)
  })

  it('one that was cut off is damaged', () => {
    for (const end of [0, 10, 47, 48, 1000, table.length - 1])
      expect(tableDamage(table.subarray(0, end))).toHaveLength(1)
  })

  it('is named by its file where the store needs it, and no leftover is', async () => {
    await writeFile(join(location, '999999.ldb'), 'begun, and never ended')
    expect(await damagedTables(location)).toEqual([])
    await writeFile(join(location, file), flipped(20))
    expect(await damagedTables(location)).toEqual([{ file, at: 0, why: 'a checksum that is wrong' }])
  })
})
