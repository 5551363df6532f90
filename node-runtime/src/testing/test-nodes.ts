// Real nodes in one process: memory stores that outlive a kill, the simulated network, guests on the test's own thread,
// driven time. Nothing waits for the clock on the wall, and the same seed gives the same run.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { ContextId, DeltaId, GroupId, NamespaceId } from '../base/ids.ts'
import { kemKeyFromSecret, signingKeyFromSeed } from '../base/keys.ts'
import type { Random } from '../base/random.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import type { Context } from '../context/context.ts'
import type { StateEvent } from '../context/ports.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { type Faults, SimulatedNetwork } from '../network/simulated.ts'
import { Node } from '../node.ts'
import type { GuestExecutor } from '../runtime/guest-executor.ts'
import { inlineExecutor } from '../runtime/inline-executor.ts'
import { ContextState } from '../storage/context-state.ts'
import { type CrashingStore, type CrashPlan, crashingStore } from '../store/crashing-store.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store, StoreOp } from '../store/store.ts'
import type { SyncOptions } from '../sync/sync.ts'
import { DrivenClock, ProcessClock } from './driven-clock.ts'
import { RecordingLogger } from './recording-logger.ts'
import { seededRandom } from './seeded-random.ts'

const NEVER: CrashPlan = { atBatch: Number.POSITIVE_INFINITY, written: false }
/** Driven time that a test may take before it counts as stuck. */
const PATIENCE_MS = 10 * 60_000

export interface WorldOptions {
  readonly seed?: number | string
  readonly faults?: Partial<Faults>
  readonly sync?: SyncOptions
  /** Real time, for tests that talk to the nodes over real sockets. */
  readonly clock?: Clock
  /** Disks and blobs of an earlier world, by node name. */
  readonly from?: SavedWorld
}

export interface SavedWorld {
  readonly folder: string
  readonly disks: ReadonlyMap<string, readonly StoreOp[]>
}

export interface StartOptions {
  readonly crash?: CrashPlan
  /** Default: every node of the world. */
  readonly boot?: readonly string[]
  readonly wrapExecutor?: (executor: GuestExecutor) => GuestExecutor
}

interface Place {
  readonly name: string
  readonly disk: Store
  readonly address: string
}

export class TestWorld {
  readonly clock: Clock
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly nodes = new Map<string, TestNode>()
  readonly seed: number | string
  readonly folder: string
  readonly sync: SyncOptions
  readonly #driven: DrivenClock | undefined
  readonly #ownsFolder: boolean
  readonly #places = new Map<string, Place>()

  private constructor(options: WorldOptions, folder: string) {
    this.seed = options.seed ?? 1
    this.#driven = options.clock ? undefined : new DrivenClock()
    this.clock = options.clock ?? (this.#driven as DrivenClock)
    this.random = seededRandom(`world ${this.seed}`)
    this.network = new SimulatedNetwork({
      clock: this.clock,
      random: this.random,
      ...(options.faults ? { faults: options.faults } : {}),
    })
    this.sync = options.sync ?? {}
    this.folder = folder
    this.#ownsFolder = options.from === undefined
  }

  static async open(options: WorldOptions = {}): Promise<TestWorld> {
    const folder = options.from?.folder ?? (await mkdtemp(join(tmpdir(), 'calbox-test-')))
    const world = new TestWorld(options, folder)
    for (const [name, rows] of options.from?.disks ?? []) await world.#place(name).disk.batch(rows)
    return world
  }

  /** Starts a node, or starts one again on the disk it left. */
  async start(name: string, options: StartOptions = {}): Promise<TestNode> {
    const place = this.#place(name)
    const boot = (options.boot ?? [...this.#places.keys()]).filter((other) => other !== name)
    const node = new TestNode(this, place.name, place.disk)
    const addresses = boot.map((other) => this.#place(other).address)
    this.nodes.set(name, node)
    await this.run(node.open(place.address, addresses, options))
    return node
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
    const endMs = this.clock.nowMs() + (driven ? PATIENCE_MS : 20_000)
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

  /** All disks as they are now. The folder of blobs stays until `close` of this world. */
  async save(): Promise<SavedWorld> {
    const disks = new Map<string, StoreOp[]>()
    for (const { name, disk } of this.#places.values()) {
      const rows: StoreOp[] = []
      for await (const [key, value] of disk.entries({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) {
        rows.push({ type: 'put', key, value })
      }
      disks.set(name, rows)
    }
    return { folder: this.folder, disks }
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) await this.run(node.stop())
    if (this.#ownsFolder) await rm(this.folder, { recursive: true, force: true })
  }

  #place(name: string): Place {
    const known = this.#places.get(name)
    if (known) return known
    const place = { name, disk: memoryStore(), address: this.network.reserveAddress() }
    this.#places.set(name, place)
    return place
  }
}

export class TestNode {
  readonly name: string
  readonly disk: Store
  readonly log = new RecordingLogger()
  readonly events: StateEvent[] = []
  readonly #world: TestWorld
  readonly #clock: ProcessClock
  #node: Node | undefined
  #store: CrashingStore | undefined
  #alive = true

  constructor(world: TestWorld, name: string, disk: Store) {
    this.#world = world
    this.name = name
    this.disk = disk
    this.#clock = new ProcessClock(world.clock)
  }

  get node(): Node {
    if (!this.#node) throw new Error(`node ${this.name} did not start`)
    return this.#node
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Batches written since the start. */
  get batches(): number {
    return this.#store?.batches ?? 0
  }

  get peerId(): string {
    return this.node.ports.network.peerId
  }

  async open(address: string, bootAddresses: readonly string[], options: StartOptions): Promise<void> {
    const world = this.#world
    const keys = seededRandom(`keys of ${this.name}`)
    const identity = signingKeyFromSeed(keys.bytes(32))
    const store = this.#dying(crashingStore(this.disk, options.crash ?? NEVER))
    const executor = this.#counted(inlineExecutor({ store }))
    const random = seededRandom(`node ${this.name} ${world.seed} ${world.clock.nowMs()}`)
    const peerId = peerIdOfPublicKey(identity.publicKey)
    this.#node = await Node.open(
      {
        store,
        blobs: await BlobStore.open(join(world.folder, this.name), random),
        network: world.network.createNode({ peerId, address, bootAddresses }),
        executor: options.wrapExecutor ? options.wrapExecutor(executor) : executor,
        clock: this.#clock,
        random,
        log: this.log,
      },
      {
        identity,
        kem: kemKeyFromSecret(keys.bytes(32)),
        sync: world.sync,
        onEvent: (event) => this.events.push(event),
      },
    )
    await this.#node.start()
  }

  /** As `kill -9`: nothing of the process happens any more, and its disk stays as it is. */
  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#clock.kill()
    this.#world.network.crash(peerIdOf(this.name))
    this.#store?.close()
  }

  /** A regular end. */
  async stop(): Promise<void> {
    if (!this.#alive) return
    await this.node.close()
    this.#alive = false
    this.#clock.kill()
  }

  context(id: ContextId): Promise<Context> {
    return this.node.contexts.get(id)
  }

  /** Calls with JSON arguments and parses the JSON answer; undefined when there was none. */
  async call(id: ContextId, method: string, args: object = {}): Promise<unknown> {
    const context = await this.node.contexts.get(id)
    const { value } = await context.call({ method, input: utf8(JSON.stringify(args)) })
    return value === undefined ? undefined : JSON.parse(fromUtf8(value))
  }

  /** What the disk says: heads, root and every entry of the state. */
  async summary(id: ContextId): Promise<ContextSummary> {
    const context = await this.context(id)
    const state = ContextState.open(this.disk, id)
    const entries: string[] = []
    for await (const [key, value] of state.entries()) entries.push(`${toHex(key)}=${toHex(value)}`)
    return { heads: context.heads(), root: state.root, shownRoot: context.root, entries }
  }

  #dying(store: CrashingStore): Store {
    this.#store = store
    return {
      get: (key) => store.get(key),
      entries: (range) => store.entries(range),
      snapshot: () => store.snapshot(),
      close: () => store.close(),
      batch: async (ops) => {
        try {
          await store.batch(ops)
        } finally {
          if (this.#alive && store.crashed) this.kill()
        }
      },
    }
  }

  #counted(executor: GuestExecutor): GuestExecutor {
    return {
      run: (...args) => this.#world.during(() => executor.run(...args)),
      inspect: (module) => this.#world.during(() => executor.inspect(module)),
      close: () => executor.close(),
    }
  }
}

export interface ContextSummary {
  readonly heads: readonly DeltaId[]
  readonly root: string
  /** What the running context says; equal to `root` at rest. */
  readonly shownRoot: string
  readonly entries: readonly string[]
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
  const { id: blobId } = await creator.ports.blobs.put([wasm])
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
  const contexts = await Promise.all(names.map((name) => world.get(name).context(id)))
  const seen = () =>
    contexts
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
      const [first, ...others] = contexts.map((context) => `${context.heads().join()} ${context.root}`)
      const idle = contexts.every((context) => {
        const { pending, parked, handlers } = context.waiting()
        return pending + parked + handlers === 0
      })
      return idle && others.every((other) => other === first)
    },
    seen,
  )
  const summaries = await Promise.all(names.map((name) => world.get(name).summary(id)))
  const [first, ...others] = summaries
  if (!first) throw new Error('nobody to compare')
  for (const [index, other] of others.entries()) {
    if (JSON.stringify(other) === JSON.stringify(first)) continue
    throw new Error(`seed ${world.seed}: ${names[index + 1]} differs from ${names[0]}`)
  }
  if (first.root !== first.shownRoot) throw new Error('the running context shows another root than its disk')
  return first
}

function peerIdOf(name: string): string {
  return peerIdOfPublicKey(signingKeyFromSeed(seededRandom(`keys of ${name}`).bytes(32)).publicKey)
}
