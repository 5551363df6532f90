// Faults of connections in the kernel, as the nodes at the other end meet them: packets are counted where they come in.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { NodeSpec, RunningNode } from '../../driver.ts'
import type { KernelLinks, LinkRule } from '../../kernel-links.ts'
import { listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_STATE, labelled } from '../labels.ts'
import { openDockerDriver } from '../open-docker-driver.ts'
import { describeWithEngine, type EngineUnderTest } from '../testing/engine-under-test.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))
const { signal } = new AbortController()

class Scene {
  readonly dir = mkdtempSync(join(tmpdir(), 'calbox-kernel-'))
  readonly stateDir = join(this.dir, '.calbox')
  readonly nodes = new Map<string, RunningNode>()
  readonly #under: EngineUnderTest
  readonly #opened: ReturnType<typeof openDockerDriver>[] = []
  #packets = 0

  constructor(under: EngineUnderTest) {
    this.#under = under
  }

  open({ kernelFaults = true } = {}) {
    const { address, calnode } = this.#under
    const program = {
      entrypoint: ['/usr/local/bin/node', '/fixtures/link-peer.mjs'],
      binds: [`${FIXTURES}:/fixtures:ro`],
    }
    const parts = openDockerDriver({ calnode, address, stateDir: this.stateDir, env: {}, program, kernelFaults })
    this.#opened.push(parts)
    return parts.driver
  }

  get driver() {
    return this.#opened.at(-1)?.driver ?? this.open()
  }

  get links(): KernelLinks {
    return this.driver.kernelLinks ?? expect.fail('the driver makes no faults in the kernel')
  }

  put(node: string, rule: LinkRule) {
    return this.links.put(node, 'F', rule, { signal })
  }

  async start(...names: string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => this.nodes.set(name, await this.driver.start(await this.#spec(name), { signal }))),
    )
  }

  async ask(node: string, route: string, query: Record<string, string | number> = {}) {
    const search = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) search.set(key, String(value))
    const reply = await fetch(`${this.nodes.get(node)?.url}/${route}?${search}`)
    return JSON.parse(await reply.text())
  }

  /** How many of so many packets arrive, by the count of who gets them. */
  async arriving(from: string, to: string, count = 30): Promise<number> {
    const as = `${from}-${this.#packets++}`
    const last = `${as}-end`
    await this.ask(from, 'send', { to, count, as })
    // UDP keeps the order on one bridge; a third node is not cut off, so nothing has to be waited for by time.
    await this.ask('witness', 'send', { to, count: 1, as: last })
    for (;;) {
      const { count: seen } = await this.ask(to, 'counted', { as: last })
      if (seen > 0) return (await this.ask(to, 'counted', { as })).count
      await this.ask('witness', 'send', { to, count: 1, as: last })
    }
  }

  async remove(): Promise<void> {
    for (const { driver } of this.#opened) await driver.close({ graceMs: 0 })
    await this.#under.removeAll(this.stateDir)
    rmSync(this.dir, { recursive: true, force: true })
  }

  async #spec(name: string): Promise<NodeSpec> {
    const [first] = this.#opened
    const chosen = await first?.ports.choose({ of: name, port: 2528, explicit: false })
    const dataDir = join(this.dir, 'data', name)
    const logFile = join(dataDir, 'logs', `${name}.log`)
    return { name, rpcPort: chosen?.port ?? 0, dataDir, logFile, bootstrap: [], runId: this.#under.runId, mdns: false }
  }
}

/** Three nodes, once. */
function threeNodes(under: EngineUnderTest): { readonly scene: Scene } {
  let scene: Scene | undefined
  beforeAll(async () => {
    scene = new Scene(under)
    scene.open()
    await scene.start('aa', 'bb', 'witness')
  })
  afterAll(() => scene?.remove())
  return {
    get scene() {
      return scene ?? expect.fail('no nodes')
    },
  }
}

/** As who tidies up an engine does. */
async function removeTools({ engine }: EngineUnderTest): Promise<void> {
  const query = { filters: labelled('calbox.host-tools') }
  const images = listOf(await engine.json('GET', '/images/json', { query }))
  expect(images).not.toEqual([])
  for (const image of images) {
    await engine.json('DELETE', `/images/${textField(image, 'Id')}`, { query: { force: true } })
  }
}

describeWithEngine('faults in the kernel', (under) => {
  describe('on nodes that live', () => {
    const on = threeNodes(under)
    let scene: Scene
    beforeEach(() => {
      scene = on.scene
    })
    afterEach(() => scene.links.take('aa', 'F', { signal }))

    test('a partition of two nodes lets no packet through, neither way, and nothing else is hit', async () => {
      await scene.put('aa', { direction: 'both', blocked: true, peers: ['bb'] })
      expect([await scene.arriving('aa', 'bb'), await scene.arriving('bb', 'aa')]).toEqual([0, 0])
      expect([await scene.arriving('aa', 'witness'), await scene.arriving('witness', 'bb')]).toEqual([30, 30])
      await scene.links.take('aa', 'F', { signal })
      expect([await scene.arriving('aa', 'bb'), await scene.arriving('bb', 'aa')]).toEqual([30, 30])
      const filters = labelled(`${LABEL_STATE}=${scene.stateDir}`)
      const left = await under.engine.json('GET', '/containers/json', { query: { all: true, filters } })
      expect(JSON.stringify(left)).not.toContain('host-tools')
    })

    test('who takes the tools away meanwhile keeps no fault from being begun or ended', async () => {
      await scene.put('aa', { direction: 'both', blocked: true, peers: ['bb'] })
      await removeTools(under)
      await scene.put('aa', { direction: 'out', blocked: true, peers: ['bb'] })
      expect([await scene.arriving('aa', 'bb'), await scene.arriving('bb', 'aa')]).toEqual([0, 30])
      await removeTools(under)
      await scene.links.take('aa', 'F', { signal })
      expect(await scene.arriving('aa', 'bb')).toBe(30)
    })

    test('one way is one way; of a whole node all that is no HTTP is dropped', async () => {
      await scene.put('aa', { direction: 'out', blocked: true, peers: ['bb'] })
      expect([await scene.arriving('aa', 'bb'), await scene.arriving('bb', 'aa')]).toEqual([0, 30])
      await scene.put('aa', { direction: 'in', blocked: true, peers: ['bb'] })
      expect(await scene.arriving('aa', 'bb')).toBe(30)
      await scene.put('aa', { direction: 'out', blocked: true })
      expect([await scene.arriving('aa', 'bb'), await scene.arriving('aa', 'witness')]).toEqual([0, 0])
      expect((await fetch(`${scene.nodes.get('aa')?.url}/admin-api/health`)).status).toBe(200)
    })

    test('of the packets of a lossy node about so many arrive, and all of the others', async () => {
      await scene.put('aa', { direction: 'out', lossPercent: 40, peers: ['bb'] })
      let count = 0
      // A few at a time: what comes in is to have room until it is counted.
      for (let at = 0; at < 10; at++) count += await scene.arriving('aa', 'bb', 100)
      // Six standard deviations to either side.
      expect(count).toBeGreaterThan(600 - 93)
      expect(count).toBeLessThan(600 + 93)
      expect(await scene.arriving('aa', 'witness', 100)).toBe(100)
    })

    test('bytes of a slow node come no faster than it may send', async () => {
      await scene.put('aa', { direction: 'out', bytesPerSecond: 40_000, peers: ['bb'] })
      await scene.ask('aa', 'stream', { to: 'bb', bytes: 120_000 })
      const { streams } = await scene.ask('bb', 'streams')
      expect(streams).toMatchObject([{ bytes: 120_000 }])
      // What a queue lets pass at once at the beginning is no more than one packet of 64 KB.
      expect(streams[0].lastMs - streams[0].firstMs).toBeGreaterThan(((120_000 - 65_536) / 40_000) * 1000)
    })

    test('connections of a node that resets them end so', async () => {
      await scene.put('aa', { direction: 'out', resetPercent: 100, peers: ['bb'] })
      expect(await scene.ask('aa', 'stream', { to: 'bb', bytes: 10 })).toMatchObject({
        end: expect.stringMatching(/^ECONN/),
      })
      expect(await scene.ask('aa', 'stream', { to: 'witness', bytes: 10 })).toMatchObject({ end: 'closed' })
    })

    test('packets come late by netem, or it is said that the kernel has none', async () => {
      const rule: LinkRule = { direction: 'out', delayMs: 300, peers: ['bb'] }
      const refusal = await scene.links.refusal(rule, { signal })
      for (const other of [{ blocked: true }, { lossPercent: 5 }, { resetPercent: 5 }, { bytesPerSecond: 5 }]) {
        expect(await scene.links.refusal({ direction: 'out', ...other }, { signal })).toBeUndefined()
      }
      if (refusal !== undefined) return expect(refusal).toMatch(/netem \(Error: .*unknown/)
      await scene.put('aa', rule)
      expect((await scene.ask('aa', 'stream', { to: 'bb', bytes: 10 })).replyMs).toBeGreaterThan(300)
    })
  })

  describe('and another life of a node', () => {
    const on = threeNodes(under)

    test('a node that starts again is cut off as before, whatever its address is then', async () => {
      const { scene } = on
      const bb = scene.nodes.get('bb') ?? expect.fail('no node')
      await scene.put('aa', { direction: 'both', blocked: true, peers: ['bb'] })
      await scene.put('bb', { direction: 'out', blocked: true, peers: ['witness'] })
      await scene.driver.kill(bb)
      // Takes the address that was free.
      await scene.start('other')
      scene.nodes.set('bb', await scene.driver.start(bb.spec, { signal }))
      expect([await scene.arriving('aa', 'bb'), await scene.arriving('bb', 'aa')]).toEqual([0, 0])
      expect([await scene.arriving('bb', 'witness'), await scene.arriving('aa', 'other')]).toEqual([0, 30])
      for (const node of ['aa', 'bb']) await scene.links.take(node, 'F', { signal })
    })

    test('what a calbox that was killed has left on a kept node ends when the node is taken over by any run', async () => {
      const { scene } = on
      for (const node of scene.nodes.values()) await scene.driver.keep(node)
      await scene.put('aa', { direction: 'both', blocked: true })
      await scene.driver.close()
      const next = scene.open({ kernelFaults: false })
      expect(next.kernelLinks).toBeUndefined()
      const marks = join(scene.stateDir, 'kernel-links')
      // Of one that is gone: nobody was there to see it end.
      writeFileSync(join(marks, 'gone'), under.address.url)
      expect(await scene.arriving('aa', 'bb')).toBe(0)
      for (const name of ['aa', 'bb', 'witness', 'other'])
        expect(await next.adopt(name, { signal })).toMatchObject({ adopted: true })
      expect(await scene.arriving('aa', 'bb')).toBe(30)
      expect(readdirSync(marks)).toEqual([])
    })
  })
})
