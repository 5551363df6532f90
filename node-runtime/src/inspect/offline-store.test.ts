import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { initFolder } from '../config.ts'
import { openLevelStore } from '../store/level.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { checkTables } from './check/check-tables.ts'
import { logsOf, requireWhole, tablesOf, withNodeToRepair, withOfflineNode } from './offline-store.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'calnode-offline-'))
  const place = { serverHost: '127.0.0.1', serverPort: 0, swarmHost: '127.0.0.1', swarmPort: 0 }
  await initFolder(folder(), { ...place, bootNodes: [], mdns: false }, seededRandom('offline'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const folder = () => ({ home, node: 'n' })
const data = () => join(home, 'n/data')

/** Two lives, so that there is a table, and a log behind it. */
async function written(): Promise<void> {
  for (const key of ['a', 'b']) {
    const store = await openLevelStore(data())
    await store.batch([{ type: 'put', key: utf8(key), value: utf8(`value of ${key}`) }])
    await store.close()
  }
}

async function allFiles(): Promise<Map<string, string>> {
  const names = await readdir(join(home, 'n'), { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const)))
}

async function damageLog(): Promise<void> {
  const name = (await readdir(data())).find((each) => each.endsWith('.log')) ?? ''
  const log = await readFile(join(data(), name))
  log[20] = (log[20] ?? 0) ^ 1
  await writeFile(join(data(), name), log)
}

const readBoth = (read: typeof withOfflineNode) =>
  read(folder(), async ({ store }) => ['a', 'b'].map((key) => fromUtf8(store.get(utf8(key)) ?? utf8('-'))))

test('a folder that holds no node is named, and nobody is told to make one there', async () => {
  const nope = { home, node: 'nope' }
  await expect(withOfflineNode(nope, async () => {})).rejects.toMatchObject({
    code: 'DATA_MISSING',
    message: `there is no node in ${join(home, 'nope')}: give the folder with its config.toml, as data/n-1/n-1 of a run`,
  })
})

test.each([/^CURRENT$/, /^MANIFEST-/, /\.log$/])(
  'a folder in the place of %s is damage, and is left as it is',
  async (place) => {
    await written()
    const name = (await readdir(data())).find((each) => place.test(each)) ?? ''
    await rm(join(data(), name))
    await mkdir(join(data(), name))
    await expect(readBoth(withOfflineNode)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining(`${name} is a folder`),
    })
    if (place.test('1.log')) expect(await logsOf(folder())).toMatchObject([{ file: name }])
    expect((await readdir(join(home, 'n'))).toSorted()).toEqual(['config.toml', 'data'])
  },
)

test('who looks at the data changes nothing in it, also where it is damaged', async () => {
  await written()
  const whole = await allFiles()
  expect(await readBoth(withOfflineNode)).toEqual(['value of a', 'value of b'])
  expect(await allFiles()).toEqual(whole)
  await damageLog()
  const damaged = await allFiles()
  await readBoth(withOfflineNode)
  await expect(requireWhole(folder())).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await logsOf(folder())).toMatchObject([{ at: 0, why: 'a checksum that is wrong' }])
  expect(await allFiles()).toEqual(damaged)
})

async function changeTable(change: (table: Buffer) => void): Promise<string> {
  const name = (await readdir(data())).find((each) => each.endsWith('.ldb')) ?? ''
  const table = await readFile(join(data(), name))
  change(table)
  await writeFile(join(data(), name), table)
  return name
}

test('a changed byte in a table is told with its file, where LevelDB reads another value and says nothing', async () => {
  await written()
  expect(await tablesOf(folder())).toEqual([])
  const file = await changeTable((table) => {
    const at = table.indexOf('value of a')
    table[at] = (table[at] ?? 0) ^ 1
  })
  expect(await readBoth(withOfflineNode)).toEqual(['walue of a', 'value of b'])
  const found = await tablesOf(folder())
  expect(found).toEqual([{ file, at: 0, why: 'a checksum that is wrong' }])
  expect(checkTables(found)).toEqual([
    {
      kind: 'damage',
      what: 'table',
      message: expect.stringContaining(`${file} has a checksum that is wrong at byte 0`),
    },
  ])
})

test('a block that LevelDB cannot read is told with its file, whatever is read', async () => {
  await written()
  const file = await changeTable((table) => table.fill(0xff, 0, 32))
  await expect(readBoth(withOfflineNode)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await tablesOf(folder())).toMatchObject([{ file, at: 0 }])
})

test('where no data is none is made, and what has lost its CURRENT is damaged', async () => {
  await expect(withOfflineNode(folder(), async () => {})).rejects.toMatchObject({ code: 'DATA_MISSING' })
  await written()
  await rm(join(data(), 'CURRENT'))
  await expect(withOfflineNode(folder(), async () => {})).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('a log that is gone is damage; a repair keeps what is there, and goes on with the rest', async () => {
  await written()
  const log = (await readdir(data())).find((each) => each.endsWith('.log')) ?? ''
  await rm(join(data(), log))
  await expect(requireWhole(folder())).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await logsOf(folder())).toEqual([{ file: log, at: undefined, why: 'is missing' }])
  const names = await readdir(data())
  const backup = join(home, 'n/repair-1')
  expect(await readBoth((of, work) => withNodeToRepair(of, backup, work))).toEqual(['value of a', '-'])
  expect((await readdir(join(backup, 'data'))).toSorted()).toEqual(names.toSorted())
  expect(await logsOf(folder())).toEqual([])
})

test('a repair of a damaged log keeps the data as it was, and goes on with what can be read', async () => {
  await written()
  await damageLog()
  const damaged = new Map([...(await allFiles())].map(([file, text]) => [file.split('/').at(-1), text]))
  const backup = join(home, 'n/repair-1')
  const seen = await readBoth((of, work) => withNodeToRepair(of, backup, work))
  expect(seen).toEqual(['value of a', '-'])
  for (const name of await readdir(join(backup, 'data'))) {
    expect([name, await readFile(join(backup, 'data', name), 'latin1')]).toEqual([name, damaged.get(name)])
  }
  expect(await logsOf(folder())).toEqual([])
})

test('a process that ends in the midst of looking, as its reader had enough, leaves no copy behind', async () => {
  await written()
  const script = `
    import { withOfflineNode } from ${JSON.stringify(join(import.meta.dirname, 'offline-store.ts'))}
    await withOfflineNode(${JSON.stringify(folder())}, async () => process.exit(141))`
  const args = ['--conditions=source', '--input-type=module-typescript', '--eval', script]
  const ended = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([ended.status, (await readdir(join(home, 'n'))).toSorted()]).toEqual([141, ['config.toml', 'data']])
})
