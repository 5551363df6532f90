import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { openLevelStore } from './level.ts'

let location: string
beforeEach(async () => {
  location = await mkdtemp(join(tmpdir(), 'calbox-place-'))
})
afterEach(() => rm(location, { recursive: true, force: true }))

const filesThere = async () =>
  Promise.all((await readdir(location)).toSorted().map(async (name) => [name, await readFile(join(location, name))]))

it('a store that lost its CURRENT is damaged: it is not made anew, and no file of it changes', async () => {
  const store = await openLevelStore(location)
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('1') }])
  await store.close()
  await rm(join(location, 'CURRENT'))
  const before = await filesThere()
  await expect(openLevelStore(location)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/CURRENT is missing.*MANIFEST-000002/),
  })
  expect(await filesThere()).toEqual(before)
})

it('a place where a process ended while it made the store is free for one', async () => {
  for (const name of ['LOCK', 'LOG', 'LOG.old', 'MANIFEST-000001', '000001.dbtmp']) {
    await writeFile(join(location, name), '')
  }
  const store = await openLevelStore(location)
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('1') }])
  await store.close()
  const again = await openLevelStore(location)
  expect(fromUtf8(again.get(utf8('a')) ?? utf8(''))).toBe('1')
  await again.close()
})
