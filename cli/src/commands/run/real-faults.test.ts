// Each fault on real nodes, proved at the other end: by what another node has, when it has it, and what it still lacks; never
// by what the fault port says. After each all agree. One network for all of them, which ends with the run that has it: where
// these tests are killed, too.
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { NodeClient, NodeState } from '@calbox/workflows'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { CommandEdge } from '../command-edge.ts'
import { runRun } from './run.ts'

const BUSY_MACHINE_MS = 120_000
const NAMES = ['a', 'b', 'c'] as const
type Name = (typeof NAMES)[number]
/** As far as these tests read it. */
type Reply = { readonly [key: string]: unknown }

let cwd: string
let contextId: string
const over = new AbortController()
/** It waits until it is over. */
let run: Promise<void>
const clients = new Map<string, NodeClient>()
const peers = new Map<string, string>()

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'calbox-faults-')))
  let written = ''
  const output = {
    write: (text: string) => {
      written += text
    },
  }
  const edge: CommandEdge = {
    ...{ cwd, stdout: output, stderr: output, stdin: new PassThrough(), signal: over.signal, env: {} },
  }
  writeFileSync(join(cwd, 'app.wasm'), await appWasm('kv-store'))
  writeFileSync(
    join(cwd, 'workflow.yml'),
    `name: faults
nodes: { ${NAMES.map((name) => `${name}: {}`).join(', ')} }
stop_all_nodes: true
steps:
  - { type: install_application, node: a, path: app.wasm, dev: true, outputs: { app: applicationId } }
  - { type: create_mesh, context_node: a, application_id: '{{app}}', nodes: [b, c], outputs: { ctx: contextId } }
  - { type: script, target: local, script: ready.sh }
  - { type: wait, seconds: 86400 }
`,
  )
  writeFileSync(join(cwd, 'ready.sh'), `: > '${join(cwd, 'ready')}'\n`)
  let hasEnded = false
  // How it ended is written.
  run = runRun([], {}, edge)
    .catch(() => undefined)
    .finally(() => {
      hasEnded = true
    })
  while (!hasEnded && !existsSync(join(cwd, 'ready'))) await delay(10)
  if (hasEnded) expect.fail(written)
  for (const { name, rpcPort } of await new NodeState(resolve(cwd, '.calbox')).list()) {
    const client = new NodeClient(`http://127.0.0.1:${rpcPort}`)
    clients.set(name, client)
    const status = (await client.request('GET', '/admin-api/network/status')) as Reply
    peers.set(name, String(status.localPeerId))
  }
  const { contexts } = (await on('a').request('GET', '/admin-api/contexts')) as { contexts: { id: string }[] }
  contextId = contexts[0]?.id ?? ''
}, BUSY_MACHINE_MS)

afterEach(async () => {
  for (const name of NAMES) await on(name).request('DELETE', '/test-api/faults')
  await agreed()
}, BUSY_MACHINE_MS)

afterAll(async () => {
  over.abort(new Error('the tests are over'))
  await run
  rmSync(cwd, { recursive: true, force: true })
}, BUSY_MACHINE_MS)

function on(name: Name): NodeClient {
  return clients.get(name) ?? expect.fail(`no node ${name}`)
}

const peer = (name: Name) => peers.get(name) ?? ''
type Fault = NonNullable<NonNullable<Parameters<NodeClient['request']>[2]>['body']>
const put = (name: Name, body: Fault) => on(name).request('POST', '/test-api/faults', { body })
const heal = (name: Name) => on(name).request('DELETE', '/test-api/faults')

async function call(name: Name, method: string, args: Record<string, string>): Promise<Reply> {
  return (await on(name).jsonrpc(contextId, method, args)) as Reply
}

/** The value, which is new. */
async function set(name: Name, key: string, value = `${name} ${key}`): Promise<string> {
  expect((await call(name, 'set', { key, value })).error).toBeUndefined()
  return value
}

/** A node reads its context again after each write that failed, and says so meanwhile. */
async function get(name: Name, key: string): Promise<unknown> {
  let reply = await call(name, 'get', { key })
  while (JSON.stringify(reply.error)?.includes('is being read again')) reply = await call(name, 'get', { key })
  expect(reply.error).toBeUndefined()
  return (reply.result as { output?: unknown }).output
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > endMs) expect.fail(`it never came: ${what}`)
    await delay(10)
  }
}

const arrives = (name: Name, key: string, value: string) =>
  until(`${key} on ${name}`, async () => (await get(name, key)) === value)

/** From the call until the other one has it. */
async function travelMs(from: Name, to: Name, key: string, value?: string): Promise<number> {
  const started = performance.now()
  await arrives(to, key, await set(from, key, value))
  return performance.now() - started
}

/** How much gossip came to each so far, by its own metric, above the faults. */
function comeTo(...names: Name[]): Promise<number[]> {
  return Promise.all(
    names.map(async (name) => {
      const asked = async () => (await fetch(`${on(name).baseUrl}/metrics`)).text()
      // For a moment it is told as it was: what is another text was made since it was asked for.
      const before = await asked()
      let text = before
      await until('metrics of now', async () => {
        text = await asked()
        return text !== before
      })
      return Number(/^network_event_channel_received_total (\d+)$/m.exec(text)?.[1] ?? expect.fail(text))
    }),
  )
}

/** For waiting, not for proof. */
async function counts(name: Name, id: string): Promise<{ held?: number }> {
  const { faults } = (await on(name).request('GET', '/test-api/faults')) as {
    faults: { id: string; messages?: { held: number } }[]
  }
  return faults.find((each) => each.id === id)?.messages ?? {}
}

async function agreed(): Promise<void> {
  await until('agreement', async () => {
    const seen = await Promise.all(
      NAMES.map(async (name) => {
        const context = (await on(name).request('GET', `/admin-api/contexts/${contextId}`)) as Reply
        return JSON.stringify([context.contextStateHash, context.dagHeads])
      }),
    )
    return new Set(seen).size === 1
  })
}

test('delay: what is sent comes that much later', async () => {
  await put('a', { direction: 'out', delayMs: 300 })
  for (const key of ['d1', 'd2']) expect(await travelMs('a', 'b', key)).toBeGreaterThanOrEqual(300)
})

test('jitter and loss: some of it comes later than the rest', async () => {
  for (const fault of [{ jitterMs: 400 }, { lossPercent: 40 }]) {
    await put('a', { direction: 'out', ...fault })
    const [what] = Object.keys(fault)
    let slowest = 0
    for (let n = 0; n < 40 && slowest < 150; n += 1)
      slowest = Math.max(slowest, await travelMs('a', 'b', `${what}${n}`))
    expect(slowest).toBeGreaterThanOrEqual(150)
    await heal('a')
  }
})

test('bandwidth: a large value takes as long as its bytes', async () => {
  await put('a', { direction: 'out', bytesPerSecond: 16_000 })
  expect(await travelMs('a', 'b', 'large', 'x'.repeat(12_000))).toBeGreaterThanOrEqual(700)
})

test('partition: neither side has what the other writes, until its end', async () => {
  await put('a', { blocked: true })
  const [mine, theirs] = [await set('a', 'mine'), await set('b', 'theirs')]
  await arrives('c', 'theirs', theirs)
  expect([await get('b', 'mine'), await get('c', 'mine'), await get('a', 'theirs')]).toEqual([null, null, null])
  await heal('a')
  await arrives('b', 'mine', mine)
  await arrives('a', 'theirs', theirs)
})

test('partition of a pair: what goes around it arrives, and nothing does when the way around is cut, too', async () => {
  await put('a', { id: 'pair', blocked: true, peers: [peer('b')] })
  await arrives('b', 'around', await set('a', 'around'))
  await put('c', { id: 'around', blocked: true, peers: [peer('b')] })
  const mine: string[] = []
  for (let n = 0; n < 10; n += 1) {
    mine.push(await set('a', `pair${n}`))
    await arrives('c', `pair${n}`, `a pair${n}`)
    // The first ones had time for all that came after them.
    for (const key of mine.keys()) expect(await get('b', `pair${key}`)).toBeNull()
  }
  await on('c').request('DELETE', '/test-api/faults/around')
  for (const [n, value] of mine.entries()) await arrives('b', `pair${n}`, value)
})

test('one way: it hears the others, and they do not hear it', async () => {
  await put('a', { blocked: true, direction: 'out' })
  const mine = await set('a', 'one-way')
  await arrives('a', 'heard', await set('b', 'heard'))
  expect([await get('b', 'one-way'), await get('c', 'one-way')]).toEqual([null, null])
  await heal('a')
  await arrives('b', 'one-way', mine)
})

test('reset: the others lose the connection, and get a new one after it', async () => {
  const since = async () => {
    const { network } = (await on('b').request('GET', '/admin-api/network/status')) as { network: { peers: Reply[] } }
    return network.peers.find((each) => each.peer === peer('a'))
  }
  await until('a connection', async () => (await since()) !== undefined)
  await put('a', { direction: 'out', resetPercent: 100 })
  await until('no connection', async () => (await since()) === undefined)
  await heal('a')
  await arrives('b', 'after-reset', await set('a', 'after-reset'))
})

test('hold: a change does not come by any way, its neighbours do, and it comes when it is released', async () => {
  await put('b', { message: { action: 'hold', kinds: ['delta'], from: [peer('a')], count: 1 } })
  const held = await set('a', 'held')
  await arrives('c', 'held', held)
  await arrives('b', 'other', await set('b', 'other'))
  // Long enough for heads to be told and for pulls to be tried.
  await delay(1_000)
  expect(await get('b', 'held')).toBeNull()
  await heal('b')
  await arrives('b', 'held', held)
})

test('drop: gossip does not bring it, now or later, and a pull does while the fault lasts', async () => {
  await put('b', { id: 'drop', message: { action: 'drop', kinds: ['delta', 'announce'] } })
  await put('b', { id: 'pulls', message: { action: 'hold', kinds: ['delta'], channel: 'stream' } })
  const dropped = await set('a', 'dropped')
  await arrives('c', 'dropped', dropped)
  // Nobody pulls what gossip has brought.
  await until('a pull', async () => {
    expect(await get('b', 'dropped')).toBeNull()
    return (await counts('b', 'pulls')).held !== 0
  })
  await on('b').request('DELETE', '/test-api/faults/pulls')
  await arrives('b', 'dropped', dropped)
})

test('duplicate: gossip comes twice to one of two, and nothing counts twice', async () => {
  const [firstB = 0, firstC = 0] = await comeTo('b', 'c')
  await put('b', { message: { action: 'duplicate' } })
  let more = 0
  for (let round = 0; round < 3 && more < 20; round += 1) {
    for (let n = 0; n < 20; n += 1) {
      const key = `twice${round} ${n}`
      const value = await set('a', key)
      for (const name of ['b', 'c'] as const) await arrives(name, key, value)
    }
    const [b = 0, c = 0] = await comeTo('b', 'c')
    more = b - firstB - (c - firstC)
  }
  // Both get what a sends, and what the other one does.
  expect(more).toBeGreaterThanOrEqual(20)
  await agreed()
})

test('replay: all that has come comes once more at the end, and nothing counts twice', async () => {
  await put('b', { message: { action: 'replay' } })
  const [first = 0] = await comeTo('b')
  let came = 0
  for (let round = 0; round < 3 && came < 20; round += 1) {
    for (let n = 0; n < 20; n += 1) await arrives('b', `again${round} ${n}`, await set('a', `again${round} ${n}`))
    const [now = 0] = await comeTo('b')
    came = now - first
  }
  expect(came).toBeGreaterThanOrEqual(20)
  await agreed()
  const [before = 0] = await comeTo('b')
  await heal('b')
  const [after = 0] = await comeTo('b')
  expect(after - before).toBeGreaterThanOrEqual(came)
  await agreed()
})

test('reorder: some come before what they are built on, which comes after them', async () => {
  await put('b', { message: { action: 'reorder', kinds: ['delta'], percent: 50 } })
  // What is lacking comes by gossip or not at all.
  await put('b', { id: 'pulls', message: { action: 'hold', kinds: ['delta'], channel: 'stream' } })
  const pending = async () => {
    const waiting = (await on('b').request('GET', `/admin-api/contexts/${contextId}/waiting`)) as { pending: number }
    return waiting.pending
  }
  let isSeen = false
  const writing = async () => {
    for (let n = 0; n < 400 && !isSeen; n += 1) await set('a', `reordered${n}`)
  }
  const seeing = async () => {
    await until('one before its parent', async () => (await pending()) > 0)
    isSeen = true
  }
  await Promise.all([writing(), seeing()])
  await until('the parents', async () => (await pending()) === 0)
})

test.each([
  ['full', 'the disk is full'],
  ['read_only', 'read-only'],
] as const)(
  'disk %s: its writes fail with the reason, and what the others write is there after it',
  async (disk, reason) => {
    await put('b', { disk })
    const refused = await call('b', 'set', { key: `refused ${disk}`, value: 'x' })
    expect(JSON.stringify(refused.error)).toContain(reason)
    const theirs = await set('a', `theirs ${disk}`)
    await arrives('c', `theirs ${disk}`, theirs)
    expect(await get('b', `theirs ${disk}`)).toBeNull()
    await heal('b')
    await arrives('b', `theirs ${disk}`, theirs)
    expect(await get('a', `refused ${disk}`)).toBeNull()
  },
)

test('clock: what it writes is stamped so wrongly on every node', async () => {
  await put('b', { clockOffsetMs: 60_000 })
  await arrives('a', 'early', await set('b', 'early'))
  await heal('b')
  const context = (await on('a').request('GET', `/admin-api/contexts/${contextId}`)) as { dagHeads: unknown[] }
  const [head] = context.dagHeads
  // An id begins with its stamp, in nanoseconds.
  const hex = Array.isArray(head) ? Buffer.from(head).toString('hex') : String(head)
  const aheadMs = Number(BigInt(`0x${hex.slice(0, 16)}`) / 1_000_000n) - Date.now()
  expect(aheadMs).toBeGreaterThan(0)
  expect(aheadMs).toBeLessThanOrEqual(60_000)
})
