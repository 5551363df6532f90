// Real nodes in one process: memory stores that outlive a kill, the simulated network, guests on the test's own thread,
// driven time. Nothing waits for the clock on the wall, and the same seed gives the same run. The simulator builds on it.
import { utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { ContextId, GroupId, NamespaceId } from '../base/ids.ts'
import type { Random } from '../base/random.ts'
import { type MemoryDisk, memoryDisk } from '../blobs/memory-disk.ts'
import type { Retention } from '../context/parts.ts'
import type { Network } from '../network/network.ts'
import { type Faults, SimulatedNetwork, type SimulatedOptions } from '../network/simulated/simulated.ts'
import { memoryStore } from '../store/memory.ts'
import type { StoreOp } from '../store/store.ts'
import type { SyncOptions } from '../sync/sync.ts'
import { DrivenClock } from './driven-clock.ts'
import { seededRandom } from './seeded-random.ts'
import { type ContextSummary, type NodeStartOptions, type Place, TestNode, type WorldObserver } from './test-node.ts'

export type { TestNode } from './test-node.ts'

/** Driven time that a test may take before it counts as stuck. */
const PATIENCE_MS = 10 * 60_000

/** The same on the clock of the wall, where a machine of CI may be slow: only a hang reaches it. */
const REAL_PATIENCE_MS = 60_000

export interface WorldOptions {
  readonly seed?: number | string
  readonly faults?: Partial<Faults>
  /** Decides about each packet instead of `faults`. */
  readonly judge?: SimulatedOptions['judge']
  readonly observePacket?: SimulatedOptions['observe']
  readonly observer?: WorldObserver
  /** How long a write or a run of a guest takes. Default: no time. */
  readonly lagMs?: (of: 'disk' | 'guest') => number
  /** Whether a run of a guest takes this machine too long. Default: none does. */
  readonly isTooSlow?: (name: string) => boolean
  readonly sync?: SyncOptions
  readonly retention?: Partial<Retention>
  /** Real time, for tests that talk to the nodes over real sockets. */
  readonly clock?: Clock
  /** Disks of an earlier world, by node name, and its time. */
  readonly from?: SavedWorld
}

export interface SavedWorld {
  readonly nowMs: number
  readonly places: ReadonlyMap<string, { readonly rows: readonly StoreOp[]; readonly blobs: MemoryDisk }>
}

export interface StartOptions extends NodeStartOptions {
  /** Default: every node of the world. */
  readonly boot?: readonly string[]
}

export class TestWorld {
  readonly clock: Clock
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly nodes = new Map<string, TestNode>()
  readonly seed: number | string
  readonly sync: SyncOptions
  readonly retention: Partial<Retention>
  readonly observer: WorldObserver
  readonly lagMs: (of: 'disk' | 'guest') => number
  readonly isTooSlow: (name: string) => boolean
  readonly #driven: DrivenClock | undefined
  readonly #places = new Map<string, Place>()

  private constructor(options: WorldOptions) {
    this.seed = options.seed ?? 1
    this.#driven = options.clock ? undefined : new DrivenClock(options.from?.nowMs)
    this.clock = options.clock ?? (this.#driven as DrivenClock)
    this.random = seededRandom(`world ${this.seed}`)
    this.network = new SimulatedNetwork({
      clock: this.clock,
      random: this.random,
      ...(options.faults ? { faults: options.faults } : {}),
      ...(options.judge ? { judge: options.judge } : {}),
      ...(options.observePacket ? { observe: options.observePacket } : {}),
    })
    this.sync = options.sync ?? {}
    this.retention = options.retention ?? {}
    this.observer = options.observer ?? {}
    this.lagMs = options.lagMs ?? (() => 0)
    this.isTooSlow = options.isTooSlow ?? (() => false)
  }

  static async open(options: WorldOptions = {}): Promise<TestWorld> {
    const world = new TestWorld(options)
    for (const [name, { rows, blobs }] of options.from?.places ?? []) {
      const place = world.place(name, blobs.copy())
      await place.disk.batch(rows)
    }
    return world
  }

  /** Starts a node, or starts one again on the disk it left. */
  async start(name: string, options: StartOptions = {}): Promise<TestNode> {
    const node = this.prepare(name, options)
    await this.run(node.open(this.addressesOf(name, options), options))
    return node
  }

  /** A node whose `open` is still to be called. */
  prepare(name: string, options: StartOptions = {}): TestNode {
    const node = new TestNode(this, this.place(name), options)
    this.nodes.set(name, node)
    return node
  }

  /** Where the others of its boot list are. */
  addressesOf(name: string, { boot = [...this.#places.keys()] }: StartOptions = {}): string[] {
    return boot.filter((other) => other !== name).map((other) => this.place(other).address)
  }

  createNetwork(options: Parameters<SimulatedNetwork['createNode']>[0]): Network {
    return this.network.createNode(options)
  }

  crash(peerId: string): void {
    this.network.crash(peerId)
  }

  get(name: string): TestNode {
    const node = this.nodes.get(name)
    if (!node) throw new Error(`no node ${name} in this world`)
    return node
  }

  /** Lets time pass until `work` has settled. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    work.then(done, done)
    await this.until('the work to settle', () => settled)
    return work
  }

  /** Lets time pass until the condition holds. */
  async until(what: string, holds: () => boolean, seen: () => string = () => 'nothing'): Promise<void> {
    const driven = this.#driven
    const endMs = this.clock.nowMs() + (driven ? PATIENCE_MS : REAL_PATIENCE_MS)
    for (;;) {
      if (driven) await driven.rest()
      else await new Promise((resolve) => setTimeout(resolve, 2))
      if (holds()) return
      if (this.clock.nowMs() > endMs) throw new Error(`seed ${this.seed}: gave up waiting for ${what}: ${seen()}`)
      if (driven && !driven.step()) throw new Error(`seed ${this.seed}: nothing can happen any more; wanted ${what}`)
    }
  }

  /** Lets `delayMs` pass. */
  async pass(delayMs: number): Promise<void> {
    const endMs = this.clock.nowMs() + delayMs
    this.clock.setTimer(() => {}, delayMs)
    await this.until(`${delayMs} ms to pass`, () => this.clock.nowMs() >= endMs)
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    return this.#driven ? this.#driven.during(work) : work()
  }

  /** All disks as they are now. */
  async save(): Promise<SavedWorld> {
    const places = new Map<string, { rows: StoreOp[]; blobs: MemoryDisk }>()
    for (const { name, disk, blobs } of this.#places.values()) {
      const rows: StoreOp[] = []
      for await (const [key, value] of disk.entries({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) {
        rows.push({ type: 'put', key, value })
      }
      places.set(name, { rows, blobs: blobs.copy() })
    }
    return { nowMs: this.clock.nowMs(), places }
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) await this.run(node.stop())
  }

  place(name: string, blobs = memoryDisk()): Place {
    const known = this.#places.get(name)
    if (known) return known
    const place = { name, disk: memoryStore(), address: this.network.reserveAddress(), blobs }
    this.#places.set(name, place)
    return place
  }
}

export interface SharedContext {
  readonly contextId: ContextId
  readonly namespaceId: NamespaceId
  readonly groupId: GroupId
}

/** The first node creates a context of the application; the others join by invitation. All are started. */
export async function shareContext(
  world: TestWorld,
  wasm: Uint8Array,
  names: readonly string[],
): Promise<SharedContext> {
  const [first, ...others] = names
  if (first === undefined) throw new Error('a context needs a node')
  for (const name of names) if (!world.nodes.has(name)) await world.start(name, { boot: names })
  const creator = world.get(first).node
  const { id: blobId } = await world.run(creator.ports.blobs.put([wasm]))
  const application = await world.run(
    creator.applications.installBlob(blobId, { source: 'test', metadata: new Uint8Array(0) }),
  )
  const namespace = await world.run(creator.namespaces.create(application.id))
  const context = await world.run(
    creator.contexts.create({ applicationId: application.id, groupId: namespace.id, initParams: utf8('{}') }),
  )
  const shared = { contextId: context.record.id, namespaceId: namespace.id, groupId: namespace.id as GroupId }
  for (const name of others) await joinContext(world, shared, first, name)
  return shared
}

export async function joinContext(
  world: TestWorld,
  { contextId, namespaceId, groupId }: SharedContext,
  inviter: string,
  name: string,
  role: 'Admin' | 'Member' | 'ReadOnly' = 'Member',
): Promise<void> {
  const { node } = world.get(name)
  const invitation = world.get(inviter).node.namespaces.invite(groupId, { lifetimeSec: 3600, role })
  await world.run(node.namespaces.join(invitation))
  await world.run(node.joiner.ready(node.namespaces.get(namespaceId), contextId))
}

/** Lets time pass until all of them hold the same heads, with nothing waiting. Returns their equal summary. */
export async function converge(world: TestWorld, id: ContextId, names: readonly string[]): Promise<ContextSummary> {
  const first = await Promise.all(names.map((name) => world.get(name).context(id)))
  // An upgrade or a snapshot puts another instance in the place of one.
  const contexts = () => names.flatMap((name, at) => world.get(name).node.contexts.opened(id) ?? first[at] ?? [])
  const seen = () =>
    contexts()
      .map(
        (c, i) =>
          `${names[i]} ${c
            .heads()
            .map((h) => h.slice(0, 6))
            .join()} ${c.root.slice(0, 6)} ${JSON.stringify(c.waiting())}`,
      )
      .join(' | ')
  await world.until(
    `${names.join(', ')} to hold the same`,
    () => {
      const [one, ...others] = contexts().map((context) => `${context.heads().join()} ${context.root}`)
      const idle = contexts().every((context) => {
        const { pending, parked, handlers } = context.waiting()
        return pending + parked + handlers === 0
      })
      return idle && others.every((other) => other === one)
    },
    seen,
  )
  const summaries = await Promise.all(names.map((name) => world.get(name).summary(id)))
  const [one, ...others] = summaries
  if (!one) throw new Error('nobody to compare')
  for (const [index, other] of others.entries()) {
    if (JSON.stringify(other) === JSON.stringify(one)) continue
    throw new Error(`seed ${world.seed}: ${names[index + 1]} differs from ${names[0]}`)
  }
  if (one.root !== one.shownRoot) throw new Error('the running context shows another root than its disk')
  return one
}

/** A new key of the group, made by one member and named in the log of all; who needs it has to ask for it. */
export async function rotateKey(world: TestWorld, shared: SharedContext, name: string): Promise<void> {
  const logs = [...world.nodes.values()].map(({ node }) => node.namespaces.get(shared.namespaceId))
  await world.run(world.get(name).node.namespaces.get(shared.namespaceId).rotateKey(shared.groupId))
  await world.until('the rotation to be known', () => new Set(logs.map((log) => log.heads().join())).size === 1)
}

/** As a key request and its answer would. */
export async function handKeys(world: TestWorld, shared: SharedContext, from: string, to: string): Promise<void> {
  const { namespaceId, groupId } = shared
  const [giver, taker] = [world.get(from).node, world.get(to).node]
  const sealed = [...giver.namespaces.get(namespaceId).sealedKeysFor(groupId, taker.identity.publicKey)]
  await world.run(taker.namespaces.get(namespaceId).receiveKeys(groupId, sealed))
}
