// Apps that Calimero published as binaries, on our host. They are not ours to ship: CALBOX_MEROBOX_DIR names a merobox
// checkout that has them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Bytes, fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import type { GuestEnv, GuestExecutor, GuestModule, GuestOutcome } from './guest-executor.ts'
import { inlineExecutor } from './inline-executor.ts'
import { CONTEXT, commitTo, ENV } from './testing/executor-fixture.ts'
import { moduleOf } from './testing/test-guests.ts'

const MEROBOX = process.env.CALBOX_MEROBOX_DIR
const APPS = {
  kvStore: 'example-project/res/kv_store.wasm',
  kvStoreV2: 'workflow-examples/res/kv_store_v2.wasm',
  blockchain: 'workflow-examples/res/blockchain.wasm',
}
const missing = Object.values(APPS).filter((path) => MEROBOX === undefined || !existsSync(join(MEROBOX, path)))
if (missing.length > 0) {
  const why = MEROBOX === undefined ? 'CALBOX_MEROBOX_DIR is not set' : `${MEROBOX} lacks ${missing.join(', ')}`
  process.stderr.write(`\n*** SKIPPED: the tests with Calimero's app binaries did not run: ${why} ***\n\n`)
}

interface Artifact {
  readonly bytes: Bytes
  readonly hlc: bigint
}

/** A node as far as one context goes: calls yield artifacts, and only applied artifacts change the state. */
class Replica {
  readonly store: Store = memoryStore()
  readonly executor: GuestExecutor = inlineExecutor({ store: this.store })
  readonly #module: GuestModule
  readonly #who: number
  #clock: bigint

  constructor(module: GuestModule, who: number, startNs = ENV.timeNs) {
    this.#module = module
    this.#who = who
    this.#clock = startNs
  }

  async call(method: string, input: unknown = {}): Promise<GuestOutcome> {
    return await this.#run({ kind: 'call', method, input: utf8(JSON.stringify(input)), keep: false }, this.#clock + 1n)
  }

  async value(method: string, input: unknown = {}): Promise<unknown> {
    const outcome = await this.call(method, input)
    if (outcome.status !== 'ok') throw new Error(`${method}: ${outcome.error?.message}`)
    return outcome.value ? JSON.parse(fromUtf8(outcome.value)) : undefined
  }

  /** A mutating call, applied here like on any other replica. */
  async change(method: string, input: unknown = {}): Promise<Artifact> {
    const outcome = await this.call(method, input)
    if (!outcome.artifact) throw new Error(`${method} left no artifact: ${outcome.error?.message}`)
    const artifact = { bytes: outcome.artifact.bytes, hlc: outcome.timeNs }
    await this.apply(artifact)
    return artifact
  }

  async apply({ bytes, hlc }: Artifact): Promise<GuestOutcome> {
    const outcome = await this.#run({ kind: 'apply', artifact: bytes, keep: false }, hlc)
    if (outcome.status !== 'ok') throw new Error(`apply: ${outcome.error?.message}`)
    await commitTo(this.store, outcome)
    return outcome
  }

  /** The base of a context: the creator's image after `init`, which every replica copies. */
  async adoptBase(outcome: GuestOutcome): Promise<void> {
    await commitTo(this.store, outcome)
    if (outcome.timeNs > this.#clock) this.#clock = outcome.timeNs
  }

  async image(): Promise<string[]> {
    const out: string[] = []
    for await (const [key, value] of this.store.entries({ gte: utf8('s/'), lt: utf8('s0') })) {
      out.push(`${toHex(key)}=${toHex(value)}`)
    }
    return out
  }

  async #run(
    job:
      | { kind: 'call'; method: string; input: Bytes; keep: boolean }
      | { kind: 'apply'; artifact: Bytes; keep: boolean },
    timeNs: bigint,
  ): Promise<GuestOutcome> {
    const id = new Uint8Array(32).fill(this.#who)
    const env: GuestEnv = { ...ENV, executorId: id, accountId: id, deviceId: id, timeNs }
    const source = { contextId: CONTEXT, generation: 0, staged: [] }
    const [outcome] = await this.executor.run(this.#module, source, [{ ...job, env }])
    if (!outcome) throw new Error('the run has no outcome')
    if (outcome.timeNs > this.#clock) this.#clock = outcome.timeNs
    return outcome
  }
}

async function replicas(module: GuestModule, count: number): Promise<Replica[]> {
  const all = Array.from({ length: count }, (_, index) => new Replica(module, index + 1))
  const base = await all[0]?.call('init')
  if (base?.status !== 'ok') throw new Error(`init: ${base?.error?.message}`)
  for (const replica of all) await replica.adoptBase(base)
  return all
}

describe.skipIf(missing.length > 0)('apps published by Calimero', () => {
  const modules = {} as Record<keyof typeof APPS, GuestModule>
  beforeAll(() => {
    for (const [name, path] of Object.entries(APPS)) {
      modules[name as keyof typeof APPS] = moduleOf(readFileSync(join(MEROBOX ?? '', path)))
    }
  })

  it('are understood without being run', async () => {
    const executor = inlineExecutor({ store: memoryStore() })
    const infos = await Promise.all(Object.values(modules).map((module) => executor.inspect(module)))
    expect(infos.map((info) => info.imports.length)).toEqual([16, 16, 18])
    expect(infos.map((info) => info.abiSection.content)).toEqual(['full', 'state', 'absent'])
    for (const info of infos) {
      expect(info).toMatchObject({ abi: 'by-ref', storage: 'guest', appliesDeltas: true })
      expect([...info.unknownImports, ...info.unsupportedImports]).toEqual([])
    }
    expect(infos[0]?.methods).toEqual(expect.arrayContaining(['init', 'set', 'get', 'entries', 'remove']))
  })

  describe.each(['kvStore', 'kvStoreV2'] as const)('%s', (name) => {
    it('sets, gets, lists and removes', async () => {
      const [node] = await replicas(modules[name], 1)
      if (!node) throw new Error('no replica')
      const outcome = await node.call('set', { key: 'a', value: '1' })
      expect(fromUtf8(outcome.value ?? new Uint8Array(0))).toBe('null')
      expect(outcome.logs).toEqual(['Setting key: "a" to value: "1"'])
      expect(outcome.events.map((event) => [event.kind, fromUtf8(event.data)])).toEqual([
        ['Inserted', '{"key":"a","value":"1"}'],
      ])
      await node.change('set', { key: 'a', value: '1' })
      await node.change('set', { key: 'b', value: '2' })
      expect(await node.value('get', { key: 'a' })).toBe('1')
      expect(await node.value('get', { key: 'zz' })).toBe(null)
      expect(await node.value('entries')).toEqual({ a: '1', b: '2' })
      expect(await node.value('len')).toBe(2)
      await node.change('remove', { key: 'a' })
      expect(await node.value('entries')).toEqual({ b: '2' })
      expect(await node.value('get', { key: 'a' })).toBe(null)
    })

    it('reports Err and panics as its author wrote them', async () => {
      const [node] = await replicas(modules[name], 1)
      const err = await node?.call('get_result', { key: 'zz' })
      expect(err?.error?.kind).toBe('guest_error')
      expect(JSON.parse(fromUtf8(err?.error?.value ?? new Uint8Array(0)))).toEqual({ kind: 'NotFound', data: 'zz' })
      const panic = await node?.call('get_unchecked', { key: 'zz' })
      expect(panic).toMatchObject({ status: 'trap', error: { kind: 'panic' } })
      expect(panic?.error?.message).toMatch(/lib\.rs:\d+:\d+$/)
      expect((await node?.call('set', { key: 'only' }))?.error?.message).toMatch(/missing field `value`/)
    })

    it('keeps the last of many writes to one key, however close the calls follow each other', async () => {
      const [node] = await replicas(modules[name], 1)
      for (let n = 0; n < 12; n += 1) {
        await node?.change('set', { key: 'k', value: `${n}` })
        expect(await node?.value('get', { key: 'k' })).toBe(`${n}`)
      }
    })

    it('gives every replica the same bytes and root from the same artifacts in the same order', async () => {
      const nodes = await replicas(modules[name], 3)
      const [a, b, c] = nodes
      if (!a || !b || !c) throw new Error('no replicas')
      const deliver = async (from: Replica, method: string, input: unknown) => {
        const artifact = await from.change(method, input)
        for (const node of nodes) if (node !== from) await node.apply(artifact)
      }
      await deliver(a, 'set', { key: 'x', value: '1' })
      await deliver(b, 'set', { key: 'y', value: '2' })
      await deliver(c, 'set', { key: 'x', value: '3' })
      await deliver(b, 'remove', { key: 'y' })
      await deliver(a, 'set', { key: 'z', value: '4' })
      for (const node of nodes) expect(await node.value('entries')).toEqual({ x: '3', z: '4' })
      expect(await b.image()).toEqual(await a.image())
      expect(await c.image()).toEqual(await a.image())

      // Concurrent: both call on the same state, then all apply in the order of the stamps.
      const made = await Promise.all([a.call('set', { key: 'x', value: 'a' }), b.call('set', { key: 'q', value: 'b' })])
      const roots = new Set<string>()
      for (const node of nodes) {
        for (const outcome of made) {
          if (!outcome.artifact) throw new Error('no artifact')
          const applied = await node.apply({ bytes: outcome.artifact.bytes, hlc: outcome.timeNs })
          if (outcome === made.at(-1)) roots.add(toHex(applied.root ?? new Uint8Array(0)))
        }
      }
      expect(roots.size).toBe(1)
      expect(await b.image()).toEqual(await a.image())
      expect(await c.image()).toEqual(await a.image())
    })
  })

  it('blockchain records its proposals with the exact actions', async () => {
    const [node] = await replicas(modules.blockchain, 1)
    const request = { action_type: 'SetNumApprovals', params: { num_approvals: 3 } }
    const outcome = await node?.call('create_new_proposal', { request })
    expect(outcome?.error).toBeUndefined()
    expect(outcome?.proposals.map((proposal) => toHex(proposal.actions))).toEqual(['010000000203000000'])
  })

  it('kv_store_v2 migrates the root of kv_store', async () => {
    const [old] = await replicas(modules.kvStore, 1)
    if (!old) throw new Error('no replica')
    const executor = inlineExecutor({ store: old.store })
    const source = { contextId: CONTEXT, generation: 0, staged: [] }
    const env = { ...ENV, timeNs: ENV.timeNs + 1_000_000_000n }
    const [outcome] = await executor.run(modules.kvStoreV2, source, [
      { kind: 'call', method: 'migrate_v1_to_v2', input: new Uint8Array(0), env, keep: false },
    ])
    expect(outcome?.error).toBeUndefined()
    expect(outcome?.value?.byteLength).toBeGreaterThan(0)
    expect(outcome?.events.map((event) => event.kind)).toEqual(['Migrated'])
  })
})
