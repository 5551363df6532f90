// One member's copy of a context, for the tests of the applications: the real executor, state and merge, without
// network, identity checks or undo. A delta is applied where the test says; `refold` gives the canonical order.

import { type Bytes, compareBytes, fromUtf8, utf8 } from '../node-runtime/src/base/bytes.ts'
import { sha256 } from '../node-runtime/src/base/hash.ts'
import { type BlobId, type ContextId, idFromBytes, type PublicKey } from '../node-runtime/src/base/ids.ts'
import { mergeArtifact } from '../node-runtime/src/crdt/artifact.ts'
import type { GuestArtifact, GuestModule, GuestOutcome } from '../node-runtime/src/runtime/guest-executor.ts'
import { inlineExecutor } from '../node-runtime/src/runtime/inline-executor.ts'
import { ModuleCache } from '../node-runtime/src/runtime/module/module-cache.ts'
import { ContextState } from '../node-runtime/src/storage/context-state.ts'
import type { StateChange } from '../node-runtime/src/storage/state-view.ts'
import { memoryStore } from '../node-runtime/src/store/memory.ts'
import { appWasm } from '../scripts/build-apps.ts'

export interface Delta {
  readonly author: Bytes
  readonly hlc: bigint
  readonly artifact: GuestArtifact
}

/** `delta` is what the other replicas apply; undefined when the call changed nothing. */
export interface CallResult extends GuestOutcome {
  readonly json: unknown
  readonly delta?: Delta
}

/** Compiled once for all replicas. */
const modules = new ModuleCache()

const CONTEXT = idFromBytes<ContextId>(sha256(utf8('context')))

export async function loadApp(name: string): Promise<GuestModule> {
  return moduleOf(await appWasm(name))
}

export function moduleOf(bytes: Bytes): GuestModule {
  return { id: idFromBytes<BlobId>(sha256(bytes)), bytes }
}

export class Replica {
  readonly key: Bytes
  /** Every delta applied here, in the order of application. */
  readonly applied: Delta[] = []
  /** Moves on with every call and delta, as the clock of a node does. */
  timeNs = 1_700_000_000_000_000_000n
  readonly #module: GuestModule
  readonly #base: readonly StateChange[]
  #store = memoryStore()
  #state = ContextState.open(this.#store, CONTEXT)

  private constructor(module: GuestModule, name: string, base: readonly StateChange[]) {
    this.#module = module
    this.#base = base
    this.key = sha256(utf8(name))
  }

  /** Runs `init` once and gives each replica its state, as joiners copy the base. */
  static async create(module: GuestModule, names: readonly string[], args: object = {}): Promise<Replica[]> {
    return Replica.join(module, names, await Replica.found(module, names[0], args))
  }

  /** The state after `init`. */
  static async found(module: GuestModule, name = 'creator', args: object = {}): Promise<readonly StateChange[]> {
    const creator = new Replica(module, name, [])
    const outcome = await creator.#run('init', utf8(JSON.stringify(args)))
    if (outcome.status !== 'ok') throw new Error(`init failed: ${outcome.error?.message}`)
    return outcome.changes
  }

  static async join(module: GuestModule, names: readonly string[], base: readonly StateChange[]): Promise<Replica[]> {
    const replicas = names.map((name) => new Replica(module, name, base))
    for (const replica of replicas) await replica.#change(base)
    return replicas
  }

  get root(): string {
    return this.#state.root
  }

  /** Calls a method as this member; what it changed is applied here like anyone's delta. */
  async call(method: string, args: object | string = {}): Promise<CallResult> {
    const outcome = await this.#run(method, utf8(typeof args === 'string' ? args : JSON.stringify(args)))
    const json = outcome.value === undefined ? undefined : JSON.parse(fromUtf8(outcome.value))
    if (outcome.artifact === undefined) return { ...outcome, json }
    const delta = { author: this.key, hlc: outcome.timeNs, artifact: outcome.artifact }
    await this.apply(delta)
    return { ...outcome, json, delta }
  }

  async apply(delta: Delta): Promise<void> {
    if (delta.hlc >= this.timeNs) this.timeNs = delta.hlc + 1n
    this.applied.push(delta)
    if (delta.artifact.kind === 'guest') await this.#replay(delta)
    else await this.#merge(delta)
  }

  /** Builds the state anew from the base and the same deltas in canonical order. */
  async refold(): Promise<void> {
    const deltas = this.applied.splice(0)
    this.#store = memoryStore()
    this.#state = ContextState.open(this.#store, CONTEXT)
    await this.#change(this.#base)
    for (const delta of deltas.toSorted(canonically)) await this.apply(delta)
  }

  async #run(method: string, input: Bytes): Promise<GuestOutcome> {
    const job = { kind: 'call' as const, method, input, env: this.#env(this.key, this.timeNs), keep: false }
    const outcome = await this.#execute(job)
    this.timeNs = outcome.timeNs + 1n
    return outcome
  }

  async #replay({ artifact, author, hlc }: Delta): Promise<void> {
    const env = this.#env(author, hlc)
    const outcome = await this.#execute({ kind: 'apply', artifact: artifact.bytes, env, keep: false })
    if (outcome.status !== 'ok') throw new Error(`applying a delta failed: ${outcome.error?.message}`)
    await this.#change(outcome.changes)
  }

  async #merge({ artifact, author, hlc }: Delta): Promise<void> {
    const transaction = this.#state.begin()
    const state = {
      get: (key: Bytes) => transaction.get(key),
      set: (key: Bytes, value: Bytes | null) => void transaction.apply([{ key, value }]),
    }
    mergeArtifact(state, artifact.bytes, { author: idFromBytes<PublicKey>(author), hlc })
    await this.#store.batch(transaction.ops())
    transaction.committed()
  }

  async #change(changes: readonly StateChange[]): Promise<void> {
    const transaction = this.#state.begin()
    transaction.apply(changes)
    await this.#store.batch(transaction.ops())
    transaction.committed()
  }

  async #execute(job: Parameters<ReturnType<typeof inlineExecutor>['run']>[2][number]): Promise<GuestOutcome> {
    const source = { contextId: CONTEXT, generation: this.#state.generation, staged: [] }
    const [outcome] = await inlineExecutor({ store: this.#store, modules }).run(this.#module, source, [job])
    if (outcome === undefined) throw new Error('the executor answered nothing')
    return outcome
  }

  #env(author: Bytes, timeNs: bigint) {
    return { contextId: sha256(utf8('context')), executorId: author, accountId: author, deviceId: author, timeNs }
  }
}

function canonically(a: Delta, b: Delta): number {
  return a.hlc === b.hlc ? compareBytes(a.author, b.author) : a.hlc < b.hlc ? -1 : 1
}
