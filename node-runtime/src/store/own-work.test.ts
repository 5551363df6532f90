import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect, it } from 'vitest'
import { ownWorkOf } from './own-work.ts'

const MIB = 1024 * 1024
const HEAD = `                               Compactions
Level  Files Size(MB) Time(sec) Read(MB) Write(MB)
--------------------------------------------------
`

it('counts tables in memory twice, and the two upper levels as one merge', () => {
  const stats = `${HEAD}  0        8       33         1         0       111
  1       20       40         2       190       190
  2       50       99         0         0         0
`
  expect(ownWorkOf(stats, String(3 * MIB))).toBe(6 * MIB + (34 + 41) * MIB)
})

it('takes a merge further down as no larger than such merges are, nor than all tables', () => {
  const small = `${HEAD}  1        2        3         0         0         0\n  2        5        9         0         0         0\n`
  const large = `${HEAD}  1        2        3         0         0         0\n  3      500      999         0         0         0\n`
  expect(ownWorkOf(small, '0')).toBe((4 + 10) * MIB)
  expect(ownWorkOf(large, '0')).toBe(64 * MIB)
})

it('reads what LevelDB says of a level that has files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'calbox-work-'))
  const level = new ClassicLevel(join(folder, 'data'))
  await level.put('a', 'b')
  await level.compactRange('a', 'b')
  const own = ownWorkOf(level.getProperty('leveldb.stats'), '0')
  await level.close()
  await rm(folder, { recursive: true })
  expect(own).toBe(MIB)
})
