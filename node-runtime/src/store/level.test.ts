import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { openLevelStore } from './level.ts'
import { BATCH_PIECE } from './limits.ts'
import { storeContract } from './store-contract.ts'

let root: string
let next = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'calbox-level-'))
})
afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})
const fresh = () => join(root, String(next++), 'data')
const source = new URL('level.ts', import.meta.url).href

storeContract('openLevelStore', () => openLevelStore(fresh()))

it('keeps what it resolved over close and open', async () => {
  const location = fresh()
  const first = await openLevelStore(location)
  await first.batch([{ type: 'put', key: utf8('a'), value: utf8('1') }])
  await first.close()
  const second = await openLevelStore(location)
  expect(fromUtf8(second.get(utf8('a')) ?? utf8(''))).toBe('1')
  await second.close()
})

it('writes a large batch whole, the later of two operations on a key counting, and others have their turn meanwhile', async () => {
  const store = await openLevelStore(fresh())
  const key = (index: number) => utf8(`key ${index}`)
  const count = 4 * BATCH_PIECE
  const puts = Array.from({ length: count }, (_, index) => ({
    type: 'put' as const,
    key: key(index),
    value: utf8('v'),
  }))
  const writing = store.batch([...puts, { type: 'del', key: key(7) }, { type: 'put', key: key(8), value: utf8('w') }])
  const behind = store.batch([{ type: 'put', key: key(9), value: utf8('behind') }])
  let isDone = false
  const seen: boolean[] = []
  const look = () => {
    if (isDone) return
    seen.push(store.get(key(0)) !== undefined && store.get(key(count - 1)) === undefined)
    setImmediate(look)
  }
  setImmediate(look)
  await writing
  isDone = true
  await behind
  expect(seen.length).toBeGreaterThan(2)
  expect(seen).not.toContain(true)
  expect([7, 8, 9, count - 1].map((index) => fromUtf8(store.get(key(index)) ?? utf8('gone')))).toEqual([
    'gone',
    'w',
    'behind',
    'v',
  ])
  await store.close()
})

it('keeps every batch it acknowledged when the process is killed', async () => {
  const location = fresh()
  const program = `
    import { openLevelStore } from ${JSON.stringify(source)}
    const store = await openLevelStore(${JSON.stringify(location)})
    for (let n = 0; ; n += 1) {
      const value = Buffer.from(String(n))
      await store.batch([{ type: 'put', key: Buffer.from('a'), value }, { type: 'put', key: Buffer.from('b'), value }])
      process.stdout.write(n + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
    if (out.length > 2000) child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.on('close', resolve))
  const acknowledged = Number(out.slice(0, out.lastIndexOf('\n')).split('\n').at(-1))
  const store = await openLevelStore(location)
  const a = Number(fromUtf8(store.get(utf8('a')) ?? utf8('-1')))
  expect(a).toBeGreaterThanOrEqual(acknowledged)
  expect(store.get(utf8('b'))).toEqual(store.get(utf8('a')))
  await store.close()
})

it('says who holds the lock when another process has the location open', async () => {
  const location = fresh()
  const store = await openLevelStore(location)
  const program = `
    import { openLevelStore } from ${JSON.stringify(source)}
    await openLevelStore(${JSON.stringify(location)}).catch((error) => console.log(error.code + ' ' + error.message))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  await new Promise((resolve) => child.on('close', resolve))
  expect(out).toContain('STORE_LOCKED')
  expect(out).toContain(location)
  expect(out).toContain('stop that node')
  await store.close()
})

it('lets a worker thread read the same location, a snapshot of its own included, and not write', async () => {
  const location = fresh()
  const store = await openLevelStore(location)
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('1') }])
  const program = `
    import { parentPort } from 'node:worker_threads'
    import { openLevelStore } from ${JSON.stringify(source)}
    const store = await openLevelStore(${JSON.stringify(location)}, { readonlyWorker: true })
    const text = (bytes) => Buffer.from(bytes).toString()
    const snapshot = store.snapshot()
    parentPort.postMessage('ready')
    parentPort.once('message', async () => {
      const refused = await store.batch([]).then(() => 'written', (error) => error.code)
      const a = Buffer.from('a')
      parentPort.postMessage([text(snapshot.get(a)), text(store.get(a)), refused])
      await snapshot.close()
      await store.close()
    })`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
  const message = () => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const exited = new Promise((resolve) => worker.once('exit', resolve))
  expect(await message()).toBe('ready')
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('2') }])
  const answer = message()
  worker.postMessage('go')
  expect(await answer).toEqual(['1', '2', 'STORE_READ_ONLY'])
  await exited
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('3') }])
  expect(fromUtf8(store.get(utf8('a')) ?? utf8(''))).toBe('3')
  await store.close()
})

it('names the path that cannot be written', async () => {
  const file = join(root, 'a-file')
  await writeFile(file, 'x')
  await expect(openLevelStore(join(file, 'data'))).rejects.toMatchObject({
    code: 'STORE_UNWRITABLE',
    message: expect.stringContaining(file),
  })
})

const damages: readonly [string, (name: string) => boolean, 'garbage' | 'gone'][] = [
  ['manifest', (name) => name.startsWith('MANIFEST'), 'garbage'],
  ['manifest that is gone', (name) => name.startsWith('MANIFEST'), 'gone'],
  ['pointer to it', (name) => name === 'CURRENT', 'garbage'],
  ['table', (name) => name.endsWith('.ldb'), 'garbage'],
  ['table that is gone', (name) => name.endsWith('.ldb'), 'gone'],
]

it.each(damages)('reports a damaged store as corrupt and says what to do: its %s', async (_what, hit, how) => {
  const location = fresh()
  const store = await openLevelStore(location)
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('1') }])
  await store.close()
  // The log becomes a table.
  await (await openLevelStore(location)).close()
  const files = (await readdir(location)).filter(hit)
  expect(files).toHaveLength(1)
  for (const file of files) {
    if (how === 'gone') await rm(join(location, file))
    else await writeFile(join(location, file), 'garbage\n')
  }
  const reading = async () => {
    const damaged = await openLevelStore(location)
    try {
      damaged.get(utf8('a'))
    } finally {
      await damaged.close()
    }
  }
  await expect(reading()).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/move the directory away/),
  })
})
