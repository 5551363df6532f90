// The manifest that LevelDB really writes, and a log that is gone.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { openLevelStore } from './level.ts'
import { neededFiles } from './manifest.ts'
import { newestLog } from './newest-log.ts'

let location: string
beforeEach(async () => {
  location = await mkdtemp(join(tmpdir(), 'calbox-manifest-'))
})
afterEach(() => rm(location, { recursive: true, force: true }))

async function manifest(): Promise<Buffer> {
  return readFile(join(location, (await readFile(join(location, 'CURRENT'), 'utf8')).trim()))
}

async function written(count: number): Promise<void> {
  const store = await openLevelStore(location)
  for (let n = 0; n < count; n += 1)
    await store.batch([{ type: 'put', key: utf8(`key ${n}`), value: new Uint8Array(200_000).fill(n) }])
  await store.close()
}

it('names a log that is there, after one start and after many, and whatever was compacted meanwhile', async () => {
  for (const count of [1, 60, 0, 60]) {
    await written(count)
    const needed = neededFiles(await manifest())?.log ?? 0
    expect(await readdir(location)).toContain(`${String(needed).padStart(6, '0')}.log`)
    expect(needed).toBeLessThanOrEqual(await newestLog(location))
  }
})

it('names the tables that are there, whatever was compacted meanwhile', async () => {
  for (const count of [60, 0, 60, 90]) {
    await written(count)
    const there = (await readdir(location)).flatMap((name) => /^(\d+)\.ldb$/.exec(name)?.[1] ?? [])
    const named = [...(neededFiles(await manifest())?.tables ?? [])]
    expect(named.length).toBeGreaterThan(0)
    expect(there.map(Number)).toEqual(expect.arrayContaining(named))
  }
})

it('a manifest that was cut off, or is none, needs the log of before, or nothing is known of it', async () => {
  await written(1)
  const whole = await manifest()
  const needed = neededFiles(whole)?.log
  for (let end = 0; end <= whole.length; end += 1)
    expect([undefined, 0, needed]).toContain(neededFiles(whole.subarray(0, end))?.log)
  expect(neededFiles(utf8('garbage, and more of it'))?.log).toBeUndefined()
})

it('a store whose log is gone is not opened, and stays as it is; whoever has a copy goes on with the rest', async () => {
  await written(3)
  const log = (await readdir(location)).find((name) => name.endsWith('.log')) ?? ''
  await rm(join(location, log))
  const before = (await readdir(location)).toSorted()
  await expect(openLevelStore(location)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining(`its log ${log} is missing`),
  })
  expect((await readdir(location)).toSorted()).toEqual(before)
  const store = await openLevelStore(location, { isCopied: true })
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('b') }])
  expect(fromUtf8(store.get(utf8('a')) ?? utf8(''))).toBe('b')
  await store.close()
  await (await openLevelStore(location)).close()
})
