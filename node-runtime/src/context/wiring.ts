// What a context is made of, and what each of its parts has from the others.
import type { AccountId, DeltaId } from '../base/ids.ts'
import { type Delta, isSamePayload } from '../wire/delta.ts'
import { acceptedFrom } from './apply/accepted.ts'
import { Arrivals } from './apply/arrivals.ts'
import { Folder } from './apply/folder.ts'
import { Intake, type Look } from './apply/intake.ts'
import { Receiver } from './apply/receiver.ts'
import { Reconsidering } from './apply/reconsidering.ts'
import { Restoration } from './apply/restoration.ts'
import { Revision } from './apply/revision.ts'
import { Voids } from './apply/voids.ts'
import { Wholeness } from './apply/wholeness.ts'
import { Witness } from './apply/witness.ts'
import type { PendingCall } from './calls/call.ts'
import { Caller } from './calls/caller.ts'
import { WaitingCalls } from './calls/waiting-calls.ts'
import { ContextQueue } from './context-queue.ts'
import { DeadLetters } from './handlers/dead-letters.ts'
import { HandlerQueue, type HandlerTask } from './handlers/handler-queue.ts'
import { Ledger } from './ledger.ts'
import { Mending } from './mending/mending.ts'
import { Upgrader } from './migration/upgrader.ts'
import type { ContextParts } from './parts.ts'
import { Adoption } from './retention/adoption.ts'
import { Frontier } from './retention/frontier.ts'
import { Pruner } from './retention/pruner.ts'
import { Rewriting } from './retention/rewriting.ts'
import { Turns } from './turns.ts'
import { Aged } from './waiting/aged.ts'
import { Sweeper } from './waiting/sweeper.ts'
import { WaitingRows } from './waiting/waiting-rows.ts'

/** What its parts ask of the context as a whole. */
export interface ContextDoings {
  readonly holds: (id: DeltaId) => boolean
  readonly handle: (task: HandlerTask) => Promise<void>
  readonly reconsider: (look: Look) => Promise<void>
  /** In the queue, which stands still until all of it is done. */
  readonly callOnOwn: (calls: readonly PendingCall[]) => Promise<void>
}

export type ContextWorks = ReturnType<typeof contextWorks>

export function contextWorks(parts: ContextParts, doings: ContextDoings) {
  const aged = new Aged(parts)
  const turns = new Turns(parts)
  const upgrader = new Upgrader({ ...parts, turns })
  const wholeness = new Wholeness(parts)
  const intake = new Intake({ ...parts, aged, upgrader, wholeness, reconsider: (look) => doings.reconsider(look) })
  const folder = new Folder({ ...parts, turns, upgrader })
  const frontier = new Frontier(parts)
  const ledger = new Ledger({ ...parts, frontier, wholeness })
  const queue = new ContextQueue({ ...parts, turns, ledger })
  const deadLetters = new DeadLetters(parts)
  const handlers = new HandlerQueue({ ...parts, deadLetters, run: (task) => doings.handle(task) })
  const checkpoint = () => pruner.checkpoint
  const isSame = (a: Delta, b: Delta) => isSamePayload(folder.open(a), folder.open(b))
  const voids = new Voids({ ...parts, contextId: parts.record.id, isSame, checkpoint })
  const accepted = (isFrom: (account: AccountId) => boolean) => acceptedFrom(isFrom, { ...parts, turns, checkpoint })
  const enqueue = <T>(task: () => Promise<T>) => queue.run(task)
  const witness = new Witness({ ...parts, ledger, voids, accepted, enqueue })
  const base = {
    ...parts,
    folder,
    upgrader,
    intake,
    ledger,
    turns,
    voids,
    witness,
    wholeness,
    onHandlers: (count: number) => handlers.added(count),
  }
  const revision = new Revision(base)
  const shared = { ...base, revision, frontier, enqueue }
  const pruner: Pruner = new Pruner({
    ...shared,
    receive: (deltas) => receiver.receive(deltas, undefined),
    onLost: () => rewriting.again(),
    isOwing: () => rewriting.isOwing,
  })
  const inDamage = { ...shared, enqueueDamaged: <T>(task: () => Promise<T>) => queue.runDamaged(task) }
  const adoption = new Adoption({ ...inDamage, pruner })
  const mending = new Mending(inDamage)
  const caller = new Caller({ ...shared, mayDoubt: () => mending.mayDoubt() })
  const groupMax = () => caller.groupMax
  const calls = new WaitingCalls({
    enqueue,
    groupMax,
    run: (calls) => queue.whole(() => doings.callOnOwn(calls)),
  })
  const rewriting = new Rewriting({ ...shared, caller, pruner })
  const receiver = new Receiver({
    ...shared,
    aged,
    pruner,
    holds: (id) => doings.holds(id),
    onCounting: (delta) => rewriting.saw(delta),
  })
  const reconsidering = new Reconsidering({ ...shared, receiver, rewriting })
  const restoration = new Restoration({ ...shared, receiver })
  const arrivals = new Arrivals({ enqueue, take: (deltas, from) => receiver.receive(deltas, from) })
  const sweeper = new Sweeper({
    ...base,
    aged,
    pruner,
    enqueue,
    lookAtAll: () => doings.reconsider('all'),
  })
  const waitingRows = new WaitingRows({
    ...base,
    receiver,
    handlers,
    deadLetters,
    sweeper,
    rewriting,
    ledger,
    enqueue,
  })
  return {
    queue,
    handlers,
    intake,
    ledger,
    folder,
    caller,
    calls,
    arrivals,
    revision,
    witness,
    accepted,
    frontier,
    pruner,
    adoption,
    mending,
    reconsidering,
    sweeper,
    rewriting,
    upgrader,
    wholeness,
    restoration,
    waitingRows,
  }
}
