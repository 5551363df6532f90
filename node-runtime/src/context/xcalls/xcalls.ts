// Calls to other contexts (xcall) of this node: what guests have asked for once their calls are stored, and what may come
// of it. A call is made on this node only, in the queue of the context that it is for; nobody waits for it there.
import type { HybridClock } from '../../base/clock.ts'
import { CodedError } from '../../base/errors.ts'
import { type ApplicationId, type ContextId, type GroupId, idBase58, idFromBytes } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { GuestXCall } from '../../runtime/guest-executor.ts'
import type { Store, StoreOp } from '../../store/store.ts'
import type { CallMeta, CallRequest } from '../calls/call.ts'
import { ContextError } from '../errors.ts'
import { XCALL_HOPS_MAX, XCALLS_WAITING_MAX } from '../limits.ts'
import type { XCallEvent } from '../ports.ts'
import { type Attempt, XCallQueue } from './xcall-queue.ts'
import { type Ended, XCallReport } from './xcall-report.ts'
import { putXCall, type StoredXCall, xcallKey } from './xcall-rows.ts'

/** Who asks. */
export interface XCallSource {
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
}

export interface XCallsParts {
  readonly store: Store
  readonly hlc: HybridClock
  readonly nowMs: () => number
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  /** Undefined: it is not in use here. */
  readonly record: (id: ContextId) => XCallSource | undefined
  /** The group that a context belongs to, here or not; undefined: no log that is here knows it. */
  readonly groupOf: (id: ContextId) => GroupId | undefined
  readonly run: (target: ContextId, request: CallRequest, meta: CallMeta) => Promise<unknown>
  readonly onEvent: (event: XCallEvent) => void
  readonly log: Logger
}

/** What one call asks for. */
export interface AskedXCalls {
  /** Go into its batch. */
  readonly ops: readonly StoreOp[]
  /** Called once that is stored. */
  readonly committed: () => void
}

export class XCalls {
  readonly #parts: XCallsParts
  readonly #report: XCallReport
  readonly #queues = new Map<ContextId, XCallQueue>()
  #closed = false

  constructor(parts: XCallsParts) {
    this.#parts = parts
    this.#report = new XCallReport(parts)
  }

  /** How many of a context are still to be made. */
  waiting(source: ContextId): number {
    return this.#queues.get(source)?.waiting ?? 0
  }

  /** Of these, those that were tried in vain and are tried again. */
  tried(source: ContextId): number {
    return this.#queues.get(source)?.tried ?? 0
  }

  /** `asked` are some. Throws CONTEXT_BUSY when too many of the context wait already. */
  ask(source: ContextId, asked: readonly GuestXCall[], { depth, isEverywhere, xcall }: CallMeta): AskedXCalls {
    const hops = (xcall?.hops ?? 0) + 1
    if (hops > XCALL_HOPS_MAX) {
      const ended = asked.map(({ contextId, method }) => ({
        source,
        target: idFromBytes<ContextId>(contextId),
        method,
      }))
      const deny = () => {
        for (const each of ended) this.#report.denied(each, 'depth')
      }
      return { ops: [], committed: deny }
    }
    if (this.waiting(source) + asked.length > XCALLS_WAITING_MAX) {
      const message = `context ${idBase58(source)}: ${XCALLS_WAITING_MAX} calls to other contexts wait already; retry soon`
      throw new ContextError('CONTEXT_BUSY', message)
    }
    const hlc = this.#parts.hlc.tick()
    const ops = asked.map(({ contextId, method, params }, index) =>
      putXCall(xcallKey(source, hlc, index), {
        v: 1,
        target: contextId,
        method,
        params,
        depth: depth + 1,
        hops,
        everywhere: isEverywhere,
        attempts: 0,
        dueMs: 0,
      }),
    )
    return { ops, committed: () => this.#queueOf(source).added(asked.length) }
  }

  /** Counts what a context has asked for before the node stopped. */
  async open(source: ContextId): Promise<void> {
    await this.#queueOf(source).open()
  }

  /** Goes on with what a context has asked for before the node stopped. */
  resume(source: ContextId): void {
    this.#queueOf(source).wake()
  }

  /** Waits for those that run. What is still to be made stays in the store. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()))
  }

  #queueOf(source: ContextId): XCallQueue {
    const known = this.#queues.get(source)
    if (known) return known
    // Contexts come and go; what one that went has left is read from the store, should it come back.
    for (const [id, { isAtRest }] of this.#queues) {
      if (isAtRest && this.#parts.record(id) === undefined) this.#queues.delete(id)
    }
    const { store, nowMs, setTimer, record, log } = this.#parts
    const queue = new XCallQueue({
      source,
      store,
      nowMs,
      setTimer,
      isHere: () => !this.#closed && record(source) !== undefined,
      make: (call, isLast) => this.#make(source, call, isLast),
      log: log.child({ contextId: source }),
    })
    this.#queues.set(source, queue)
    return queue
  }

  async #make(source: ContextId, { key, row }: StoredXCall, isLast: boolean): Promise<Attempt> {
    const { store, record, groupOf, run } = this.#parts
    const ended: Ended = { source, target: idFromBytes<ContextId>(row.target), method: row.method }
    const here = record(source)
    if (!here) return 'later'
    const remove: StoreOp = { type: 'del', key }
    if (groupOf(ended.target) !== here.groupId) {
      await store.batch([remove])
      this.#report.denied(ended, 'group')
      return 'settled'
    }
    const meta = {
      depth: row.depth,
      settle: [remove],
      isEverywhere: row.everywhere,
      xcall: { source, applicationId: here.applicationId, hops: row.hops },
    }
    try {
      await run(ended.target, { method: row.method, input: row.params }, meta)
      this.#report.made(ended)
    } catch (error) {
      if (!isLast && isForNow(error)) return 'later'
      await store.batch([remove])
      this.#refused(ended, error)
    }
    return 'settled'
  }

  #refused(ended: Ended, error: unknown): void {
    const code = error instanceof CodedError ? error.code : undefined
    if (code === 'XCALL_NOT_PERMITTED') this.#report.denied(ended, 'method')
    else if (code === 'NOT_A_MEMBER') this.#report.denied(ended, 'member')
    else this.#report.failed(ended, error instanceof Error ? error.message : String(error))
  }
}

/** Nothing was tried, or the machine has failed and not the call: its state, its key or its code comes, its queue empties. */
function isForNow(error: unknown): boolean {
  return !(error instanceof CodedError) || FOR_NOW.has(error.code)
}

const FOR_NOW: ReadonlySet<string> = new Set([
  'CONTEXT_BUSY',
  'CONTEXT_FAILED',
  'CONTEXT_UNINITIALIZED',
  'GROUP_KEY_PENDING',
  'APPLICATION_NOT_INSTALLED',
  'CODE_LACKING',
  'EXECUTOR_BUSY',
  'EXECUTOR_CLOSED',
  'STORE_FULL',
  'STORE_UNWRITABLE',
])
