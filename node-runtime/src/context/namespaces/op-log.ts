// The governance log of one namespace in the store: what we say is signed on the current heads, what others say is judged, and
// both are known to others here only once they are stored.
import type { Bytes } from '../../base/bytes.ts'
import type { Clock, HybridClock } from '../../base/clock.ts'
import { idBytes, type NamespaceId, type OpId } from '../../base/ids.ts'
import type { SigningKey } from '../../base/keys.ts'
import type { Logger } from '../../base/log.ts'
import type { OpBody } from '../../base/operations.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import { Governance, type OpReceived } from '../../governance/governance.ts'
import type { NamespaceState } from '../../governance/namespace-state.ts'
import { bytesOf } from '../../governance/waiting-ops.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../../store/store.ts'
import { PARENTS_MAX } from '../../wire/limits.ts'
import { decodeOp, encodeOp, type SignedOp, signOp, verifyOp } from '../../wire/op.ts'
import { isFromTheFuture } from '../apply/future.ts'
import { ContextError } from '../errors.ts'
import { AGED_AFTER_MS, NAMESPACE_QUEUE_MAX } from '../limits.ts'
import type { Outbound, PeerId } from '../ports.ts'
import { Turns } from '../turns.ts'

interface OpLogParts {
  readonly store: Store
  readonly identity: SigningKey
  readonly hlc: HybridClock
  readonly clock: Clock
  readonly outbound: Pick<Outbound, 'askForOps' | 'publishOps'>
  readonly log: Logger
}

interface Listener {
  /** Of each operation that is accepted, whatever becomes of it. */
  readonly onAccepted: (op: SignedOp) => void
  /** They are in the store. `before`: the state without them. */
  readonly onStored: (ops: readonly SignedOp[], before: NamespaceState) => void
}

/** What one turn has taken from others. */
interface Taken {
  readonly rows: StoreOp[]
  readonly accepted: SignedOp[]
  missing: number
}

export class OpLog {
  readonly #id: NamespaceId
  readonly #parts: OpLogParts
  readonly #listener: Listener
  readonly #queue = new SerialQueue(NAMESPACE_QUEUE_MAX)
  readonly #turns: Turns
  #governance: Governance<SignedOp>
  #refused = 0
  #cancelAgeing: (() => void) | undefined

  private constructor(governance: Governance<SignedOp>, parts: OpLogParts, listener: Listener) {
    this.#id = governance.namespaceId
    this.#governance = governance
    this.#parts = parts
    const { clock } = parts
    this.#turns = new Turns({
      setTimer: (fn, delayMs) => clock.setTimer(fn, delayMs),
      elapsedMs: () => clock.elapsedMs?.() ?? 0,
    })
    this.#listener = listener
  }

  /** `listener` hears of all that the store holds, too. */
  static async open(id: NamespaceId, parts: OpLogParts, listener: Listener): Promise<OpLog> {
    const ops = await storedOps(id, parts.store)
    for (const op of ops) parts.hlc.observe(op.hlc)
    const log = new OpLog(Governance.restore(id, ops), parts, listener)
    for (const op of log.#governance.opsNotIn([], Number.MAX_SAFE_INTEGER)) listener.onAccepted(op)
    return log
  }

  /** As of now: it is another one after a batch has failed. */
  get governance(): Pick<
    Governance<SignedOp>,
    'heads' | 'has' | 'hasNamed' | 'state' | 'stateAt' | 'missing' | 'opsNotIn' | 'pendingCount' | 'newest'
  > {
    return this.#governance
  }

  /** Operations of others. */
  get refused(): number {
    return this.#refused
  }

  /** Nothing else is added to the log meanwhile. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work)
  }

  /** The cut that an operation of ours is made on now. */
  parents(): OpId[] {
    return this.#governance.heads().slice(0, PARENTS_MAX)
  }

  /**
   * Within `run`: signs an operation, stores it in one batch with `also`, and gossips it. `stored` is called when the batch has
   * resolved, before anybody hears of the operation. Throws NOT_ALLOWED with the rule that stands against it.
   */
  async add(body: OpBody, also: readonly StoreOp[], stored: () => void = () => {}): Promise<SignedOp> {
    const op = this.#signed(body, this.parents())
    this.#requireAllowed([op])
    await this.#parts.store.batch([...also, this.#put(op)])
    stored()
    this.#taken([op])
    return op
  }

  /**
   * Several, each on the one before, all or none: `commit` stores their rows in one batch with what else belongs to them.
   * Throws NOT_ALLOWED, with the rule that stands against one of them, before that is called.
   */
  addAll(bodies: readonly OpBody[], commit: (rows: readonly StoreOp[]) => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      const ops: SignedOp[] = []
      const parents = (last: SignedOp | undefined) => (last === undefined ? this.parents() : [last.id])
      for (const body of bodies) ops.push(this.#signed(body, parents(ops.at(-1))))
      this.#requireAllowed(ops)
      await commit(ops.map((op) => this.#put(op)))
      this.#taken(ops)
    })
  }

  /**
   * Takes operations from a peer in any order, in turns: each is stored before others have theirs, and what is ours comes between.
   * Returns how many were accepted.
   */
  async receive(ops: readonly SignedOp[], from: PeerId | undefined): Promise<number> {
    const left = ops.values()
    let accepted = 0
    for (;;) {
      const { count, turn } = await this.#queue.run(() => this.#takeSome(left, from))
      accepted += count
      if (turn === undefined) return accepted
      await turn
    }
  }

  async close(): Promise<void> {
    await this.#queue.close()
    this.#cancelAgeing?.()
  }

  /** `turn` is that of others, where some is left. */
  async #takeSome(
    left: Iterator<SignedOp>,
    from: PeerId | undefined,
  ): Promise<{ readonly count: number; readonly turn: Promise<void> | undefined }> {
    const before = this.#governance.state()
    const taken: Taken = { rows: [], accepted: [], missing: 0 }
    let turn: Promise<void> | undefined
    this.#turns.start()
    while (turn === undefined) {
      // One operation can complete thousands.
      if (this.#governance.dueCount > 0) {
        this.#note(this.#governance.receiveDue(1), taken)
        turn = this.#turns.spend(0)
        continue
      }
      const next = left.next()
      if (next.done) break
      this.#takeOne(next.value, taken)
      turn = this.#turns.spend(bytesOf(next.value))
    }
    if (taken.rows.length > 0) await this.#commit(taken.rows)
    if (taken.missing > 0) this.#parts.outbound.askForOps(this.#id, from)
    if (taken.accepted.length > 0) this.#listener.onStored(taken.accepted, before)
    this.#ageLater()
    return { count: taken.accepted.length, turn }
  }

  #takeOne(op: SignedOp, taken: Taken): void {
    if (this.#governance.has(op.id) || !this.#isGenuine(op)) return
    const result = this.#governance.receive(op, 0)
    if (result.outcome === 'invalid') this.#refuse(op, result.reason ?? 'invalid')
    // What waits is stored only for who is, or was, a member: a stranger's operations cost memory up to the cap, and no disk.
    if (result.outcome === 'pending' && this.#governance.hasNamed(op.author)) taken.rows.push(this.#put(op))
    this.#note(result, taken)
  }

  #note(result: OpReceived<SignedOp>, taken: Taken): void {
    for (const id of [...result.evicted, ...result.invalid]) taken.rows.push({ type: 'del', key: this.#key(id) })
    for (const op of result.accepted) {
      taken.rows.push(this.#put(op))
      this.#parts.hlc.observe(op.hlc)
      this.#listener.onAccepted(op)
    }
    taken.accepted.push(...result.accepted)
    taken.missing += result.missing.length
  }

  /** What strangers have waiting leaves memory in its time, as deltas do; it is not in the store. */
  #ageLater(): void {
    if (this.#cancelAgeing || this.#governance.strangersPending === 0) return
    this.#cancelAgeing = this.#parts.clock.setTimer(() => {
      this.#cancelAgeing = undefined
      const count = this.#governance.forgetOldStrangers()
      this.#parts.log.debug({ count }, 'operations of strangers that waited are forgotten; a pull brings them')
      this.#ageLater()
    }, AGED_AFTER_MS)
  }

  #signed(body: OpBody, parents: readonly OpId[]): SignedOp {
    const { identity, hlc } = this.#parts
    return signOp({ namespaceId: this.#id, parents, hlc: hlc.tick(), body, signingKey: identity })
  }

  #requireAllowed(ops: readonly SignedOp[]): void {
    const refused = this.#governance.refusalOfChain(ops)
    if (refused === undefined) return
    throw new ContextError('NOT_ALLOWED', `${refused.op.body.kind} was refused: ${refused.reason}`)
  }

  /** Own ones that are in the store. */
  #taken(ops: readonly SignedOp[]): void {
    const { outbound, log } = this.#parts
    const before = this.#governance.state()
    for (const op of ops) {
      // What others have sent, and waits for its turn, is told and stored in that.
      this.#governance.receive(op, 0)
      this.#listener.onAccepted(op)
    }
    this.#listener.onStored(ops, before)
    outbound.publishOps(this.#id, ops).catch((error) => {
      log.warn({ opId: ops[0]?.id, error: String(error) }, 'operations not gossiped; peers will pull them')
    })
  }

  #isGenuine(op: SignedOp): boolean {
    if (op.namespaceId !== this.#id || !verifyOp(op)) return this.#refuse(op, 'its namespace or signature is wrong')
    // Not kept: its author sends it again in every round until its time has come.
    if (isFromTheFuture(op.hlc, this.#parts.clock.nowMs()))
      return this.#refuse(op, 'its stamp is far ahead of our clock')
    return true
  }

  /** What arrived is in memory already: when it cannot be stored, memory goes back to what is. */
  async #commit(rows: readonly StoreOp[]): Promise<void> {
    try {
      await this.#parts.store.batch(rows)
    } catch (error) {
      this.#governance = Governance.restore(this.#id, await storedOps(this.#id, this.#parts.store))
      throw error
    }
  }

  #key(id: OpId): Bytes {
    return keyOf('governance', idBytes(this.#id), idBytes(id))
  }

  #put(op: SignedOp): StoreOp {
    return { type: 'put', key: this.#key(op.id), value: encodeOp(op) }
  }

  #refuse(op: SignedOp, reason: string): false {
    this.#refused += 1
    this.#parts.log.debug({ opId: op.id, kind: op.body.kind, reason }, 'operation refused')
    return false
  }
}

async function storedOps(id: NamespaceId, store: Store): Promise<SignedOp[]> {
  const ops: SignedOp[] = []
  for await (const [, value] of store.entries(rangeOf(keyOf('governance', idBytes(id))))) ops.push(decodeOp(value))
  return ops
}
