// The rows of a context as they are read when it is opened. What a crash has left behind a checkpoint goes; what was
// applied before a snapshot replaced the state waits to be applied again. Every step may be repeated.
import { compareCanonical } from '../base/causal.ts'
import type { HybridClock } from '../base/clock.ts'
import { type ContextId, type DeltaId, stampOf } from '../base/ids.ts'
import { Dag, type DagNode } from '../dag/dag.ts'
import { StorageError } from '../storage/errors.ts'
import type { Store, StoreOp } from '../store/store.ts'
import type { Delta } from '../wire/delta.ts'
import type { Positioned } from './apply/fold.ts'
import { Rewrites } from './apply/rewrites.ts'
import { ContextStore } from './context-store.ts'
import { HeldIds } from './held-ids.ts'
import { HANDLED_NOTES_MAX, PRUNE_BATCH_ROWS } from './limits.ts'
import { type ContextParts, type Lacking, nodeOf, type Retention } from './parts.ts'
import type { Authority } from './ports.ts'
import { boundOf, floorOf, oldestOf } from './retention/checkpoint.ts'
import { handledFrom, putHandled } from './retention/handled-rows.ts'
import { dropKeptBefore } from './retention/kept-rows.ts'
import { firstReissue } from './retention/reissue-rows.ts'
import type { Stacked } from './undo-rows.ts'

export interface OpeningParts {
  readonly contextId: ContextId
  readonly store: Store
  readonly hlc: HybridClock
  readonly authority: Pick<Authority, 'mayWrite'>
  readonly retention: Pick<Retention, 'pendingMax'>
}

export type Opened = Pick<
  ContextParts,
  | 'rows'
  | 'held'
  | 'dag'
  | 'stack'
  | 'restored'
  | 'isPartial'
  | 'lacking'
  | 'isDamaged'
  | 'again'
  | 'isRewriting'
  | 'handlersStored'
  | 'parked'
  | 'pruned'
  | 'rewritten'
  | 'acknowledged'
  | 'judgement'
>

export async function openRows({ contextId, store, hlc, authority, retention }: OpeningParts): Promise<Opened> {
  const rows = new ContextStore(store, contextId)
  const held = new HeldIds(store, rows, contextId)
  await held.complete()
  const batches = new Batches(store, held)
  const pruned = rows.checkpoint()
  const damage = rows.damage()
  // What is stored as applied is not in the state.
  const isReplaced = pruned?.swapped === true || damage?.replaced === true
  const isDamaged = damage?.replaced === false
  const checkpoint = pruned?.certified.checkpoint
  const bound = boundOf(checkpoint)
  if (checkpoint) hlc.observe(stampOf(checkpoint.last))
  hlc.observe(rows.clock())
  const ready = new Map<DeltaId, DagNode>()
  const restored: Delta[] = []
  let isPartial = false
  const handled = await handledFrom(store, contextId, HANDLED_NOTES_MAX)
  for (const op of handled.gone) await batches.add(op)
  const again = new Set<DeltaId>(handled.ids)
  if (damage?.replaced) {
    // Their rows are lost: they come from members once more, and nothing else says that they have counted.
    for await (const id of rows.undone(pruned?.base ?? 0)) {
      if (rows.holds('graph', id)) continue
      again.add(id)
      await batches.add(putHandled(contextId, id))
    }
  }
  const withoutEffect = new Map<DeltaId, 'void' | 'voided'>()
  const applied = new Set<DeltaId>()
  const parked = await rows.parkedItems()
  const lacking = new Map<DeltaId, Lacking>()
  const rewritten = new Rewrites()
  for await (const { delta, status } of rows.deltas()) {
    hlc.observe(delta.hlc)
    if (delta.id < bound) {
      await batches.add(rows.dropDelta(delta.id))
      continue
    }
    rewritten.add(delta)
    if (status === 'void' || status === 'voided') withoutEffect.set(delta.id, status)
    const counted = status === 'applied' || status === 'voided'
    const isParked = status !== 'pending' && parked.has(delta.id)
    if (isReplaced && (counted || (status === 'void' && !isParked))) {
      await batches.add(rows.putDelta(delta, counted ? 'again' : 'pending'))
    }
    if (status === 'again' || (isReplaced && counted)) again.add(delta.id)
    const sinceMs = isParked ? rows.parkedRow(delta.id)?.sinceMs : undefined
    if (sinceMs !== undefined) lacking.set(delta.id, { parents: delta.parents, author: delta.author, sinceMs })
    else if (isReplaced || status === 'pending' || status === 'again') restored.push(delta)
    else ready.set(delta.id, nodeOf(delta))
    if (status === 'applied' && ready.has(delta.id)) applied.add(delta.id)
    isPartial ||= status !== 'pending' && !ready.has(delta.id)
  }
  const waiting = new Set([...restored.map(({ id }) => id), ...lacking.keys()])
  for (const id of standingOn(waiting, ready, withoutEffect)) {
    const delta = rows.delta(id)
    if (!delta) continue
    ready.delete(id)
    restored.push(delta)
    if (withoutEffect.get(id) === 'voided') again.add(id)
  }
  if (pruned) {
    const behind = [...parked.keys()].filter((id) => id < bound)
    for (const id of behind) parked.delete(id)
    await sweep(rows, { bound, base: pruned.base, parked: behind }, batches)
  }
  // What a crash has kept from going with the history that its checkpoint names no more.
  if (checkpoint) for await (const op of dropKeptBefore(store, contextId, oldestOf(checkpoint))) await batches.add(op)
  if (pruned?.swapped) await batches.add(rows.putCheckpoint(pruned))
  if (damage?.replaced) {
    for await (const op of rows.dropUndosBelow(Number.MAX_SAFE_INTEGER)) await batches.add(op)
    await batches.add(rows.dropDamage())
  }
  const acknowledged = await rows.acknowledgements()
  const writers = acknowledged.filter(({ author }) => authority.mayWrite(contextId, author))
  for (const beat of acknowledged) {
    if (!writers.includes(beat)) await batches.add(rows.dropAcknowledgement(beat.author))
  }
  await batches.flush()
  const dag = Dag.restore(ready.values(), floorOf(checkpoint), retention.pendingMax)
  return {
    rows,
    held,
    dag,
    stack: isDamaged ? [] : stackOf(await rows.stack(pruned?.base ?? 0), ready, applied),
    restored: isDamaged ? [] : restored,
    isPartial: isPartial && !isDamaged,
    lacking: isDamaged ? new Map() : lacking,
    isDamaged,
    again,
    isRewriting: (await firstReissue(store, contextId)) !== undefined,
    handlersStored: await rows.countHandlers(),
    parked,
    pruned,
    rewritten,
    acknowledged: writers,
    judgement: rows.judgement(),
  }
}

/** What has no effect and stands on what is still to be received: it is received after that, as if it had waited. Joins `waiting`. */
function standingOn(
  waiting: Set<DeltaId>,
  ready: ReadonlyMap<DeltaId, DagNode>,
  withoutEffect: ReadonlyMap<DeltaId, unknown>,
): DeltaId[] {
  if (waiting.size === 0) return []
  const nodes = [...withoutEffect.keys()].flatMap((id) => ready.get(id) ?? []).sort(compareCanonical)
  const found: DeltaId[] = []
  for (const { id, parents } of nodes) {
    if (!parents.some((parent) => waiting.has(parent))) continue
    waiting.add(id)
    found.push(id)
  }
  return found
}

/** Of `parked`, all that is behind `bound`. */
async function sweep(
  rows: ContextStore,
  { bound, base, parked }: { readonly bound: string; readonly base: number; readonly parked: readonly DeltaId[] },
  batches: Batches,
): Promise<void> {
  for (const id of parked) {
    const delta = rows.delta(id)
    // By its row the others are found.
    for (const op of [...(delta ? rows.dropAwaitedBy(delta) : []), rows.unpark(id)]) await batches.add(op)
  }
  for (const id of await rows.outgoing()) if (id < bound) await batches.add(rows.clearOutgoing(id))
  for await (const op of rows.dropUndosBelow(base)) await batches.add(op)
}

/** Writes in batches of bounded size: what they do may stop after any of them. */
class Batches {
  readonly #store: Store
  readonly #held: HeldIds
  #ops: StoreOp[] = []

  constructor(store: Store, held: HeldIds) {
    this.#store = store
    this.#held = held
  }

  async add(op: StoreOp): Promise<void> {
    this.#ops.push(op)
    if (this.#ops.length >= PRUNE_BATCH_ROWS) await this.flush()
  }

  async flush(): Promise<void> {
    const ops = this.#ops
    this.#ops = []
    if (ops.length > 0) await this.#store.batch([...ops, ...this.#held.follow(ops)])
  }
}

/** Throws StorageError where it is not made of just what is stored as applied. */
function stackOf(
  stack: readonly Stacked[],
  ready: ReadonlyMap<DeltaId, DagNode>,
  applied: ReadonlySet<DeltaId>,
): Positioned[] {
  const lacking = new Set(applied)
  const found = stack.flatMap(({ id, version }): Positioned[] => {
    const node = lacking.delete(id) ? ready.get(id) : undefined
    return node ? [{ id, hlc: node.hlc, ...(version === undefined ? {} : { version }) }] : []
  })
  if (found.length === stack.length && lacking.size === 0) return found
  const what = `${stack.length - found.length} undo records are of no applied delta, ${lacking.size} applied deltas have none`
  throw new StorageError('STATE_CORRUPT', `${what}; the state is made anew`)
}
