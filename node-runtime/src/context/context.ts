// One context on this node: calls, arriving deltas and their order in the state. It knows its namespace only as an
// `Authority` and other nodes only as `Outbound`.
//
// Invariants:
// 1. Everything that changes rows, state or the DAG runs in the one queue, one task at a time.
// 2. A call and an apply are one store batch each: delta row, state, undo, handler rows, outbox marker (I2).
// 3. Memory follows the store: it changes after the batch has resolved. When a batch fails, the instance is given up
//    (`onBroken`) and the next one is read from the store.
// 4. The author's own delta enters the state by the same apply as everyone else's (I1).
import type { Bytes } from '../base/bytes.ts'
import { type DeltaId, idBytes, type RootHash } from '../base/ids.ts'
import { QueueError, SerialQueue } from '../base/serial-queue.ts'
import type { DagNode } from '../dag/dag.ts'
import type { GuestOutcome } from '../runtime/guest-executor.ts'
import type { StoreOp } from '../store/store.ts'
import { type Delta, type DeltaPayload, sealDelta } from '../wire/delta.ts'
import { GOVERNANCE_HEADS_MAX, PARENTS_MAX } from '../wire/limits.ts'
import { ContextError } from './errors.ts'
import { type Arrived, Folder } from './folder.ts'
import { HandlerQueue, type HandlerTask } from './handler-queue.ts'
import { Intake } from './intake.ts'
import { APPLY_BATCH_MAX, CONTEXT_QUEUE_MAX } from './limits.ts'
import type { ContextParts, ContextRecord } from './parts.ts'
import type { PeerId, StateEvent } from './ports.ts'

export interface CallRequest {
  readonly method: string
  readonly input: Bytes
  readonly signal?: AbortSignal
}

export interface CallResult {
  /** What the guest returned; undefined when it returned nothing. */
  readonly value: Bytes | undefined
  readonly logs: readonly string[]
  /** The delta the call made; undefined for a view. */
  readonly deltaId: DeltaId | undefined
}

export interface ReceiveResult {
  readonly applied: number
  readonly waiting: number
  readonly refused: number
}

interface CallMeta {
  readonly depth: number
  /** Goes into the call's batch: a handler's row leaves the queue with what the handler wrote. */
  readonly settle: readonly StoreOp[]
}

export class Context {
  readonly record: ContextRecord
  readonly #parts: ContextParts
  readonly #queue = new SerialQueue(CONTEXT_QUEUE_MAX)
  readonly #folder: Folder
  readonly #handlers: HandlerQueue
  readonly #intake: Intake
  #broken = false
  #shown: { readonly heads: readonly DeltaId[]; readonly root: RootHash }

  constructor(parts: ContextParts) {
    this.record = parts.record
    this.#parts = parts
    this.#intake = new Intake({ ...parts, reconsider: () => this.reconsider() })
    this.#folder = new Folder(parts)
    this.#shown = { heads: parts.dag.heads(), root: parts.state.root }
    this.#handlers = new HandlerQueue({
      rows: parts.rows,
      store: parts.store,
      nowMs: parts.nowMs,
      setTimer: parts.setTimer,
      run: (task) => this.#runHandler(task),
      log: parts.log,
    })
  }

  get root(): RootHash {
    return this.#shown.root
  }

  get sizeInBytes(): number {
    return this.#parts.state.sizeBytes
  }

  /** With `root`, what others may take for ours: it moves once all of an arrival is applied, never before (I5). */
  heads(): DeltaId[] {
    return [...this.#shown.heads]
  }

  /** What waits and why, for status routes and the sync report. */
  waiting(): { pending: number; parked: number; refused: number; handlers: number; deadLetters: number } {
    return {
      pending: this.#parts.dag.pendingCount,
      parked: this.#intake.parkedCount,
      refused: this.#intake.refusedCount,
      handlers: this.#handlers.waiting,
      deadLetters: this.#handlers.dead,
    }
  }

  /** True for a delta that is held here in any state: no peer needs to send it. */
  holds(id: DeltaId): boolean {
    return this.#parts.dag.has(id) || this.#intake.isParked(id)
  }

  missing(limit: number): DeltaId[] {
    return this.#parts.dag
      .missing(limit + this.#intake.parkedCount)
      .filter((id) => !this.#intake.isParked(id))
      .slice(0, limit)
  }

  /** Heads, the newest applied deltas, and older ones at doubling distance: where another history may join ours. */
  locator(): DeltaId[] {
    return [...new Set([...this.heads(), ...this.#folder.locator()])].sort()
  }

  /** Ids outside the closure of `have`, ancestors first. */
  idsNotIn(have: readonly DeltaId[], limit: number): DeltaId[] {
    return this.#parts.dag.ancestorsMissing(have, limit)
  }

  delta(id: DeltaId): Delta | undefined {
    return this.#parts.rows.delta(id)
  }

  base(): AsyncIterable<readonly [Bytes, Bytes]> {
    return this.#parts.rows.base()
  }

  /** Starts what was interrupted: handlers that wait, deltas that were committed but perhaps never sent. */
  async resume(): Promise<void> {
    this.#handlers.wake()
    const { restored } = this.#parts
    if (restored.length > 0) await this.receive(restored)
    for (const id of await this.#parts.rows.outgoing()) {
      const delta = this.#parts.rows.delta(id)
      if (delta) this.#publish(delta)
    }
  }

  /**
   * Runs a method. Resolves after the batch has committed. Throws ContextError: NOT_A_MEMBER, GROUP_KEY_PENDING,
   * GUEST_FAILED (what the guest said in `data`), CONTEXT_BUSY.
   */
  call(request: CallRequest): Promise<CallResult> {
    return this.#enqueue(() => this.#call(request, { depth: 0, settle: [] }))
  }

  /** Takes deltas from a peer, in any order, known ones included. */
  receive(deltas: readonly Delta[], from?: PeerId): Promise<ReceiveResult> {
    return this.#enqueue(() => this.#receive(deltas, from))
  }

  /** Looks again at what waits for governance or for a key. */
  async reconsider(): Promise<void> {
    if (this.#intake.parkedCount === 0) return
    await this.#enqueue(async () => {
      const ops: StoreOp[] = []
      await this.#receive(await this.#intake.takeParked(ops), undefined, ops)
    })
  }

  async close(): Promise<void> {
    this.#intake.close()
    await this.#handlers.close()
    await this.#queue.close()
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#queue.run(async () => {
      if (this.#broken) {
        throw new ContextError('CONTEXT_FAILED', `context ${this.record.id} is being read again after a failed write`)
      }
      return task()
    })
    return run.catch((cause) => {
      if (!(cause instanceof QueueError)) throw cause
      throw new ContextError('CONTEXT_BUSY', `context ${this.record.id}: ${cause.message}`, { cause })
    })
  }

  async #call(request: CallRequest, meta: CallMeta): Promise<CallResult> {
    const { identity, authority, hlc, state } = this.#parts
    if (!authority.mayWrite(this.record.id, identity.publicKey)) this.#assertReader()
    const outcome = await this.#runGuest(request)
    hlc.observe(outcome.timeNs)
    if (outcome.status !== 'ok') throw guestFailure(request.method, outcome)
    const writes = outcome.artifact !== undefined && outcome.artifact.bytes.byteLength > 0
    if (!writes) {
      const ops = [...this.#privateOps(outcome), ...meta.settle]
      if (ops.length > 0) await this.#commit(ops)
      if (outcome.events.length > 0) this.#emit(undefined, outcome.events)
      return { value: outcome.value, logs: outcome.logs, deltaId: undefined }
    }
    const delta = this.#seal(outcome, meta.depth)
    const fold = await this.#folder.fold([{ delta, payload: payloadOf(outcome, meta.depth) }])
    await this.#commit([
      ...fold.ops,
      ...this.#privateOps(outcome),
      ...meta.settle,
      this.#parts.rows.markOutgoing(delta.id),
    ])
    fold.committed()
    this.#parts.dag.receive(nodeOf(delta))
    this.#show()
    this.#publish(delta)
    this.#emit(delta.id, outcome.events)
    this.#parts.log.debug({ deltaId: delta.id, method: request.method, root: state.root }, 'call committed')
    return { value: outcome.value, logs: outcome.logs, deltaId: delta.id }
  }

  async #runGuest(request: CallRequest): Promise<GuestOutcome> {
    const { identity, account, executor, hlc } = this.#parts
    const publicKey = idBytes(identity.publicKey)
    const job = {
      kind: 'call' as const,
      method: request.method,
      input: request.input,
      keep: false,
      env: {
        contextId: idBytes(this.record.id),
        executorId: publicKey,
        deviceId: publicKey,
        accountId: idBytes(account),
        timeNs: hlc.tick(),
      },
    }
    const module = await this.#parts.module()
    const source = { contextId: this.record.id, generation: this.#parts.state.generation, staged: [] }
    const [outcome] = await executor.run(module, source, [job], request.signal ? { signal: request.signal } : {})
    if (!outcome) throw new Error('the executor returned no outcome for a call')
    return outcome
  }

  #seal(outcome: GuestOutcome, depth: number): Delta {
    const { identity, authority, hlc, dag, random } = this.#parts
    if (!authority.mayWrite(this.record.id, identity.publicKey)) {
      throw new ContextError('NOT_ALLOWED', `this node's member may read context ${this.record.id}, not write it`)
    }
    const sealing = authority.sealingKey(this.record.groupId)
    if (!sealing) {
      throw new ContextError('GROUP_KEY_PENDING', `the key of group ${this.record.groupId} has not arrived yet; retry`)
    }
    return sealDelta({
      header: {
        contextId: this.record.id,
        author: identity.publicKey,
        parents: dag.heads().slice(0, PARENTS_MAX),
        hlc: hlc.tick(),
        governance: authority.heads().slice(0, GOVERNANCE_HEADS_MAX),
        keyId: sealing.keyId,
      },
      payload: payloadOf(outcome, depth),
      groupKey: sealing.key,
      signingKey: identity,
      random,
    })
  }

  async #receive(
    deltas: readonly Delta[],
    from: PeerId | undefined,
    first: readonly StoreOp[] = [],
  ): Promise<ReceiveResult> {
    const { dag, hlc, rows, outbound } = this.#parts
    const arrived = new Map<DeltaId, { delta: Delta; payload: DeltaPayload }>()
    const ready: DagNode[] = []
    const ops: StoreOp[] = [...first]
    const missing = new Set<DeltaId>()
    const before = this.#intake.refusedCount
    for (const delta of deltas) {
      if (this.holds(delta.id)) continue
      const payload = this.#intake.admit(delta, ops)
      if (payload === undefined) continue
      const result = dag.receive(nodeOf(delta))
      for (const id of [...result.evicted, ...result.invalid]) ops.push(rows.dropDelta(id))
      if (result.outcome === 'invalid') {
        this.#intake.refuse(delta, result.reason ?? 'invalid')
        continue
      }
      hlc.observe(delta.hlc)
      arrived.set(delta.id, { delta, payload })
      ready.push(...result.ready)
      if (result.outcome === 'pending') ops.push(rows.putDelta(delta, 'pending'))
      for (const id of result.missing) missing.add(id)
    }
    try {
      await this.#applyReady(ready, arrived, ops)
    } catch (error) {
      // Memory is ahead of the store now, whatever went wrong.
      this.#break(error)
      throw error
    }
    this.#show()
    const wanted = [...missing].filter((id) => !this.holds(id))
    if (wanted.length > 0) outbound.askForDeltas(this.record.id, wanted, from)
    return { applied: ready.length, waiting: arrived.size - ready.length, refused: this.#intake.refusedCount - before }
  }

  async #applyReady(
    ready: readonly DagNode[],
    arrived: ReadonlyMap<DeltaId, { delta: Delta; payload: DeltaPayload }>,
    first: readonly StoreOp[],
  ): Promise<void> {
    const entries = [...ready].sort(this.#parts.dag.compare).map((node) => this.#arrivedOf(node, arrived))
    let ops = [...first]
    for (let start = 0; start < entries.length; start += APPLY_BATCH_MAX) {
      const batch = entries.slice(start, start + APPLY_BATCH_MAX)
      const fold = await this.#folder.fold(batch).catch((error) => this.#postpone(error, entries.slice(start), ops))
      for (const entry of batch) ops.push(...this.#handlerOps(entry))
      await this.#commit([...ops, ...fold.ops])
      fold.committed()
      ops = []
      for (const { delta, payload } of batch) this.#emit(delta.id, payload.events)
      this.#handlers.wake()
    }
    if (ops.length > 0) await this.#commit(ops)
  }

  /**
   * A delta took this machine too long: it is parked, the others wait in the store, and the context is read again. It
   * never decides what the state is (I1).
   */
  async #postpone(error: unknown, left: readonly Arrived[], ops: StoreOp[]): Promise<never> {
    if (!(error instanceof ContextError) || error.code !== 'APPLY_POSTPONED') throw error
    for (const { delta } of left) {
      if (delta.id === error.data.deltaId) this.#intake.park(delta, 'machine', ops)
      else ops.push(this.#parts.rows.putDelta(delta, 'pending'))
    }
    await this.#commit(ops)
    throw error
  }

  /** A delta that has become ready: from this arrival, or one that waited in the store for its parents. */
  #arrivedOf(node: DagNode, arrived: ReadonlyMap<DeltaId, { delta: Delta; payload: DeltaPayload }>): Arrived {
    const known = arrived.get(node.id)
    if (known) return known
    const delta = this.#parts.rows.delta(node.id)
    if (!delta) throw new Error(`delta ${node.id} waits for its parents but is not in the store`)
    return { delta, payload: this.#folder.open(delta) }
  }

  #handlerOps({ delta, payload }: Arrived): StoreOp[] {
    const { rows, identity } = this.#parts
    if (delta.author === identity.publicKey) return []
    return payload.events.flatMap((event, index) =>
      event.handler === undefined
        ? []
        : [
            rows.putHandler(rows.handlerKey(delta.hlc, delta.id, index), {
              v: 1,
              kind: event.kind,
              data: event.data,
              handler: event.handler,
              depth: payload.depth + 1,
              attempts: 0,
              dueMs: 0,
              state: 'queued',
              error: null,
            }),
          ],
    )
  }

  async #runHandler(task: HandlerTask): Promise<void> {
    const request = { method: task.row.handler, input: task.row.data }
    await this.#enqueue(() => this.#call(request, { depth: task.row.depth, settle: task.settle }))
  }

  #privateOps(outcome: GuestOutcome): StoreOp[] {
    return outcome.privateChanges.map((change) => this.#parts.rows.putPrivate(change.key, change.value))
  }

  async #commit(ops: readonly StoreOp[]): Promise<void> {
    try {
      await this.#parts.store.batch(ops)
    } catch (error) {
      this.#break(error)
      throw error
    }
  }

  #show(): void {
    this.#shown = { heads: this.#parts.dag.heads(), root: this.#parts.state.root }
  }

  #break(error: unknown): void {
    if (this.#broken) return
    this.#broken = true
    this.#parts.onBroken(error)
  }

  #publish(delta: Delta): void {
    const { outbound, rows, store, log } = this.#parts
    outbound.publishDelta(this.record.id, delta).then(
      () => store.batch([rows.clearOutgoing(delta.id)]).catch(() => this.#keepsMarker(delta)),
      (error) => log.warn({ deltaId: delta.id, error: String(error) }, 'delta not gossiped; peers will pull it'),
    )
  }

  /** The marker stays: at worst the delta is gossiped once more after a restart. */
  #keepsMarker(delta: Delta): void {
    this.#parts.log.debug({ deltaId: delta.id }, 'outbox marker not cleared')
  }

  #emit(deltaId: DeltaId | undefined, events: StateEvent['events']): void {
    this.#parts.onEvent({ contextId: this.record.id, deltaId, root: this.#parts.state.root, events })
  }

  /** Who may not write may still read, as a member. */
  #assertReader(): void {
    const { authority, identity } = this.#parts
    if (authority.mayRead(this.record.id, identity.publicKey)) return
    throw new ContextError('NOT_A_MEMBER', `this node is no member of the group of context ${this.record.id}`)
  }
}

/** Only what the graph needs: a delta's sealed bytes stay in the store. */
function nodeOf({ id, parents, hlc }: Delta): DagNode {
  return { id, parents, hlc }
}

function payloadOf(outcome: GuestOutcome, depth: number): DeltaPayload {
  return { artifact: outcome.artifact ?? { kind: 'guest', bytes: new Uint8Array(0) }, events: outcome.events, depth }
}

function guestFailure(method: string, outcome: GuestOutcome): ContextError {
  const message = outcome.error?.message ?? 'the guest failed without a message'
  return new ContextError('GUEST_FAILED', message, {
    data: { method, kind: outcome.error?.kind ?? 'trap', logs: outcome.logs },
  })
}
