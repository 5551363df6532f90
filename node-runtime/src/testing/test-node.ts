// One node of a test world: everything real except disk, network, clock and randomness. It can be killed at any write.
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { ContextId, DeltaId } from '../base/ids.ts'
import { kemKeyFromSecret, type SigningKey, signingKeyFromSeed } from '../base/keys.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import type { MemoryDisk } from '../blobs/memory-disk.ts'
import { mockAttester } from '../context/attestation/attester.ts'
import { callWhenWhole } from '../context/calls/call-when-whole.ts'
import type { Context } from '../context/context.ts'
import type { Retention } from '../context/parts.ts'
import type { StateEvent } from '../context/ports.ts'
import type { Network } from '../network/network.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { Node } from '../node.ts'
import { timeoutFault } from '../runtime/call/guest-fault.ts'
import type { GuestExecutor, GuestJob, GuestOutcome } from '../runtime/guest-executor.ts'
import { inlineExecutor } from '../runtime/inline-executor.ts'
import { ModuleCache } from '../runtime/module/module-cache.ts'
import { ContextState } from '../storage/context-state.ts'
import { type CrashingStore, type CrashPlan, crashingStore } from '../store/crashing-store.ts'
import type { Store, StoreOp } from '../store/store.ts'
import type { SyncOptions } from '../sync/sync.ts'
import { ProcessClock } from './driven-clock.ts'
import { type LogEntry, RecordingLogger } from './recording-logger.ts'
import { seededRandom } from './seeded-random.ts'

/** As it is said: nothing waits for it here. */
const GUEST_LIMIT_MS = 30_000
const NEVER: CrashPlan = { atBatch: Number.POSITIVE_INFINITY, written: false }
/** Compiled once a process: later runs must not differ from the first by the time that compiling takes. */
export const compiledModules = new ModuleCache()

/** What outlives a process. */
export interface Place {
  readonly name: string
  readonly address: string
  readonly disk: Store
  readonly blobs: MemoryDisk
}

/** Sees what the nodes of a world do, as it happens. */
export interface WorldObserver {
  /** A batch is on the disk. */
  onBatch?(name: string, ops: readonly StoreOp[]): void
  onEvent?(name: string, event: StateEvent): void
  onLog?(name: string, entry: LogEntry): void
  onKilled?(name: string): void
}

/** What a node needs of the world it lives in. */
export interface Surroundings {
  readonly seed: number | string
  readonly clock: Clock
  readonly sync: SyncOptions
  readonly retention: Partial<Retention>
  readonly observer: WorldObserver
  createNetwork(options: { peerId: string; address: string; bootAddresses: readonly string[] }): Network
  crash(peerId: string): void
  /** How long a write or a run of a guest takes. Default: no time. */
  readonly lagMs?: (of: 'disk' | 'guest') => number
  /** Whether a run of a guest takes this machine too long. Default: none does. */
  readonly isTooSlow?: (name: string) => boolean
  during<T>(work: () => Promise<T>): Promise<T>
}

export interface NodeStartOptions {
  readonly crash?: CrashPlan
  readonly skewMs?: number
  /** It attests itself with a mock. */
  readonly mockTee?: boolean
  /** Called before anything of it runs. */
  readonly onOpened?: (node: Node) => void
  readonly wrapExecutor?: (executor: GuestExecutor) => GuestExecutor
}

export interface ContextSummary {
  readonly heads: readonly DeltaId[]
  readonly root: string
  /** What the running context says; equal to `root` at rest. */
  readonly shownRoot: string
  readonly entries: readonly string[]
}

export class TestNode {
  readonly name: string
  readonly disk: Store
  readonly log: RecordingLogger
  readonly events: StateEvent[] = []
  readonly clock: ProcessClock
  readonly #world: Surroundings
  readonly #place: Place
  readonly #store: CrashingStore
  #node: Node | undefined
  #alive = true
  readonly #lagsUntilMs = { disk: 0, guest: 0 }

  constructor(world: Surroundings, place: Place, options: NodeStartOptions) {
    this.#world = world
    this.#place = place
    this.name = place.name
    this.disk = place.disk
    this.clock = new ProcessClock(world.clock, options.skewMs)
    const disk = observed(place.disk, (ops) => world.observer.onBatch?.(place.name, ops))
    this.#store = crashingStore(disk, options.crash ?? NEVER)
    this.log = new RecordingLogger([], {}, (entry) => world.observer.onLog?.(place.name, entry))
  }

  get node(): Node {
    if (!this.#node) throw new Error(`node ${this.name} did not start`)
    return this.#node
  }

  /** False from its death on, and while it starts. */
  get running(): boolean {
    return this.#alive && this.#node !== undefined
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Batches written since the start. */
  get batches(): number {
    return this.#store.batches
  }

  get peerId(): string {
    return this.node.ports.network.peerId
  }

  async open(bootAddresses: readonly string[], options: NodeStartOptions): Promise<void> {
    const world = this.#world
    const { identity, kem } = keysOf(this.name)
    const store = this.#dying()
    const random = seededRandom(`node ${this.name} ${world.seed} ${world.clock.nowMs()}`)
    const executor = this.#slow(
      inlineExecutor({ store, blobs: this.#place.blobs.guest, modules: compiledModules, random }),
    )
    const { address } = this.#place
    const node = await Node.open(
      {
        store,
        blobs: await BlobStore.open(this.#place.blobs, random, { nowMs: () => this.clock.nowMs() }),
        network: world.createNetwork({ peerId: peerIdOf(this.name), address, bootAddresses }),
        executor: options.wrapExecutor ? options.wrapExecutor(executor) : executor,
        clock: this.clock,
        random,
        log: this.log,
      },
      {
        identity,
        kem,
        sync: world.sync,
        retention: world.retention,
        attester: options.mockTee === true ? mockAttester(identity) : undefined,
        onEvent: (event) => {
          this.events.push(event)
          world.observer.onEvent?.(this.name, event)
        },
      },
    )
    options.onOpened?.(node)
    await node.start()
    this.#node = node
  }

  /** It will die at a batch, counted from the next one. */
  dieAt(crash: CrashPlan): void {
    if (this.#alive) this.#store.arm(crash)
  }

  /** As `kill -9`: nothing of the process happens any more, and its disk stays as it is. */
  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    this.clock.kill()
    this.#world.crash(peerIdOf(this.name))
    this.#store.close()
    this.#world.observer.onKilled?.(this.name)
  }

  /** A regular end. */
  async stop(): Promise<void> {
    if (!this.#alive) return
    await this.node.close()
    this.#alive = false
    this.clock.kill()
  }

  context(id: ContextId): Promise<Context> {
    return this.node.contexts.get(id)
  }

  /** Calls with JSON arguments and parses the JSON answer; undefined when there was none. */
  async call(id: ContextId, method: string, args: object = {}): Promise<unknown> {
    const request = { method, input: utf8(JSON.stringify(args)) }
    const { value } = await callWhenWhole(() => this.node.contexts.get(id), request)
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

  /** The store as the process sees it: it dies with the process, and takes its time. */
  #dying(): Store {
    const store = this.#store
    return {
      get: (key) => store.get(key),
      entries: (range) => store.entries(range),
      snapshot: () => store.snapshot(),
      close: () => store.close(),
      batch: async (ops) => {
        await this.#lag('disk')
        try {
          await store.batch(ops)
        } finally {
          if (this.#alive && store.crashed) this.kill()
        }
      },
    }
  }

  #slow(executor: GuestExecutor): GuestExecutor {
    return {
      run: async (...args) => {
        await this.#lag('guest')
        const [first] = args[2]
        if (first && this.#world.isTooSlow?.(this.name)) return [timedOut(first)]
        return this.#world.during(() => executor.run(...args))
      },
      inspect: (module) => this.#world.during(() => executor.inspect(module)),
      close: () => executor.close(),
    }
  }

  /** What comes first stays first. */
  async #lag(of: 'disk' | 'guest'): Promise<void> {
    const lagMs = this.#world.lagMs?.(of) ?? 0
    if (lagMs <= 0) return
    const now = this.#world.clock.nowMs()
    const dueMs = Math.max(now + lagMs, this.#lagsUntilMs[of])
    this.#lagsUntilMs[of] = dueMs
    await new Promise<void>((resolve) => this.clock.setTimer(resolve, dueMs - now))
  }
}

/** As a run says that ends at its first job. */
function timedOut(job: GuestJob): GuestOutcome {
  return {
    status: 'error',
    error: { kind: 'timeout', message: timeoutFault(job, GUEST_LIMIT_MS).message },
    logs: [],
    events: [],
    changes: [],
    privateChanges: [],
    xcalls: [],
    proposals: [],
    approvals: [],
    beganNs: job.env.timeNs,
    timeNs: job.env.timeNs,
    tookMs: 0,
  }
}

function observed(disk: Store, onBatch: (ops: readonly StoreOp[]) => void): Store {
  return {
    get: (key) => disk.get(key),
    entries: (range) => disk.entries(range),
    snapshot: () => disk.snapshot(),
    close: () => disk.close(),
    batch: async (ops) => {
      await disk.batch(ops)
      onBatch(ops)
    },
  }
}

interface NodeKeys {
  readonly identity: SigningKey
  readonly kem: ReturnType<typeof kemKeyFromSecret>
}

/** Functions of the name: made once a process. */
const keysByName = new Map<string, NodeKeys>()

/** The keys of every node of this name, in every world. */
export function keysOf(name: string): NodeKeys {
  const known = keysByName.get(name)
  if (known) return known
  const random = seededRandom(`keys of ${name}`)
  const keys = { identity: signingKeyFromSeed(random.bytes(32)), kem: kemKeyFromSecret(random.bytes(32)) }
  keysByName.set(name, keys)
  return keys
}

export function peerIdOf(name: string): string {
  return peerIdOfPublicKey(keysOf(name).identity.publicKey)
}
