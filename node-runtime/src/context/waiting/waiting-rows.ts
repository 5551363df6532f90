// What waits in one context and what was given up, item by item, as operators see it: read from the store, page by page.
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { ParkedRow } from '../../wire/records.ts'
import type { Intake } from '../apply/intake.ts'
import type { Receiver } from '../apply/receiver.ts'
import type { Voids } from '../apply/voids.ts'
import type { DeadLetters } from '../handlers/dead-letters.ts'
import { type HandlerItem, itemOf } from '../handlers/handler-item.ts'
import type { HandlerQueue } from '../handlers/handler-queue.ts'
import type { Ledger } from '../ledger.ts'
import { FUTURE_MAX_MS } from '../limits.ts'
import type { Divergence } from '../mending/divergences.ts'
import type { ContextParts } from '../parts.ts'
import type { Rewriting } from '../retention/rewriting.ts'
import type { Sweeper } from './sweeper.ts'
import type { ParkedReason } from './tally.ts'

/** Counts. What was refused, forgotten or dropped is counted since the start of the node. */
export interface Waiting {
  /** Deltas that wait for parents. */
  readonly pending: number
  /** Deltas that wait for something else, or for parents since long. */
  readonly parked: number
  readonly refused: number
  /** Of these, from behind what is pruned here. */
  readonly behind: number
  /** Too many to be kept waiting: a pull brings them again. */
  readonly forgotten: number
  /** Own deltas that are lost to a checkpoint wait to be written again: for what other members write first, or for `rewritingError`. */
  readonly rewriting: boolean
  /** What is in the way of the first of them: calls that write are refused with it until it is gone. */
  readonly rewritingError?: string
  /** What is here is still to be judged by the removals of members that are known: its root is to change. */
  readonly revising: boolean
  /** Its state is damaged, and comes from a member: until then nothing is done with it. */
  readonly damaged: boolean
  /** Where a member has another state for the same, and which of its entries differ, until it has said to have ours. */
  readonly divergence?: Divergence
  readonly handlers: number
  readonly deadLetters: number
  readonly deadLettersDropped: number
  /** Calls to other contexts that are still to be made. */
  readonly xcalls: number
  /** Of these, tried in vain: they are tried again later and later. */
  readonly xcallsTried: number
}

export interface WaitingDelta {
  readonly id: DeltaId
  readonly author: PublicKey
  /** Undefined for one that no sweep has seen yet. */
  readonly sinceMs: number | undefined
  readonly reason: ParkedRow['reason']
  /** Where it waits for its time: when our clock will be near enough to its stamp. It is taken within a minute of that. */
  readonly dueMs?: number
  /** Parents that it waits for. */
  readonly missing: readonly DeltaId[]
  /** Of the sealed payload. */
  readonly bytes: number
}

export interface Paging {
  readonly offset: number
  readonly limit: number
}

type WaitingRowsParts = Pick<ContextParts, 'record' | 'rows' | 'dag' | 'isDamaged' | 'divergences' | 'xcalls'> & {
  readonly intake: Intake
  readonly receiver: Receiver
  readonly voids: Pick<Voids, 'isTakenByRemoval'>
  readonly handlers: HandlerQueue
  readonly deadLetters: DeadLetters
  readonly sweeper: Sweeper
  readonly rewriting: Rewriting
  readonly ledger: Pick<Ledger, 'shown' | 'settle'>
  /** Runs in the queue of the context. */
  readonly enqueue: (task: () => Promise<void>) => Promise<void>
}

export class WaitingRows {
  readonly #parts: WaitingRowsParts

  constructor(parts: WaitingRowsParts) {
    this.#parts = parts
  }

  /** Of what `counts` has as parked. */
  parkedFor(reason: ParkedReason): number {
    return this.#parts.intake.parkedFor(reason)
  }

  counts(): Waiting {
    const { record, dag, intake, isDamaged, receiver, handlers, deadLetters, sweeper, rewriting, ledger, xcalls } =
      this.#parts
    const { failure } = rewriting
    return {
      pending: dag.pendingCount,
      parked: intake.parkedCount,
      refused: intake.refusedCount,
      behind: receiver.behindCount,
      forgotten: intake.forgottenCount + receiver.evictedCount + sweeper.forgotten,
      rewriting: rewriting.isWaiting,
      ...(failure === undefined ? {} : { rewritingError: failure }),
      revising: ledger.shown.removals === undefined,
      damaged: isDamaged,
      ...this.#divergence(),
      handlers: handlers.waiting,
      deadLetters: deadLetters.count,
      deadLettersDropped: deadLetters.dropped,
      xcalls: xcalls.waiting(record.id),
      xcallsTried: xcalls.tried(record.id),
    }
  }

  #divergence(): Pick<Waiting, 'divergence'> {
    const { record, divergences, ledger } = this.#parts
    // Who may read changes without anything else.
    ledger.settle()
    const divergence = divergences.of(record.id)
    return divergence === undefined ? {} : { divergence }
  }

  /** Deltas in memory that wait for parents, oldest first. */
  pending({ offset, limit }: Paging): WaitingDelta[] {
    const { rows, dag, sweeper } = this.#parts
    const nodes = [...dag.pending()].slice(offset, offset + limit)
    return nodes.flatMap(({ id }) => {
      const delta = rows.delta(id)
      if (!delta) return []
      const missing = delta.parents.filter((parent) => !dag.isReady(parent))
      const { author, sealed } = delta
      return [
        { id, author, reason: 'parents' as const, sinceMs: sweeper.sinceMs(id), missing, bytes: sealed.byteLength },
      ]
    })
  }

  /** By id. */
  parked(page: Paging): Promise<WaitingDelta[]> {
    const { rows, dag } = this.#parts
    return paged(rows.parkedRows(), page, ({ delta, reason, sinceMs }) => {
      const missing = reason === 'parents' ? delta.parents.filter((parent) => !dag.isReady(parent)) : []
      const due = reason === 'future' ? { dueMs: acceptableFromMs(delta.hlc) } : {}
      return { id: delta.id, author: delta.author, reason, sinceMs, missing, bytes: delta.sealed.byteLength, ...due }
    })
  }

  /**
   * It is in the graph, and does not count with the removal of its author. False for what is void as something else stands for it.
   * Asked in the queue of the context.
   */
  isVoided(id: DeltaId): boolean {
    const { rows, voids } = this.#parts
    const stored = rows.stored(id)
    if (stored?.status !== 'void' && stored?.status !== 'voided') return false
    return voids.isTakenByRemoval(stored.delta)
  }

  /** Own deltas that gossip has not been handed yet. */
  async outbox({ offset, limit }: Paging): Promise<DeltaId[]> {
    return (await this.#parts.rows.outgoing()).slice(offset, offset + limit)
  }

  /** In canonical order of their deltas, as the queue takes them. */
  handlers(page: Paging): Promise<HandlerItem[]> {
    return paged(this.#parts.rows.handlerRows(), page, itemOf)
  }

  deadLetters(page: Paging): Promise<HandlerItem[]> {
    return paged(this.#parts.rows.deadLetters(), page, itemOf)
  }

  /** Puts it back into the queue of handlers. Throws DEAD_LETTER_NOT_FOUND. */
  async retryDeadLetter(id: string): Promise<void> {
    const { enqueue, deadLetters, handlers } = this.#parts
    await enqueue(async () => {
      await deadLetters.retry(id)
      handlers.added(1)
    })
  }

  /** Throws DEAD_LETTER_NOT_FOUND. */
  dropDeadLetter(id: string): Promise<void> {
    const { enqueue, deadLetters } = this.#parts
    return enqueue(() => deadLetters.drop(id))
  }
}

/** The first time of ours at which a stamp is not too far ahead. */
function acceptableFromMs(hlc: bigint): number {
  return Number(hlc / 1_000_000n) - FUTURE_MAX_MS
}

async function paged<T, R>(rows: AsyncIterable<T>, { offset, limit }: Paging, map: (row: T) => R): Promise<R[]> {
  const page: R[] = []
  let index = 0
  for await (const row of rows) {
    if (index >= offset) page.push(map(row))
    index += 1
    if (page.length >= limit) break
  }
  return page
}
