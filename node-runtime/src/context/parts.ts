// What one context is made of.
import type { HybridClock } from '../base/clock.ts'
import type { AccountId, ApplicationId, ContextId, DeltaId, GroupId, NamespaceId, OpId, RootHash } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Dag, DagNode } from '../dag/dag.ts'
import type { GuestExecutor, GuestModule } from '../runtime/guest-executor.ts'
import type { StateSchema } from '../runtime/module/state-schema.ts'
import type { ContextState } from '../storage/context-state.ts'
import type { Store } from '../store/store.ts'
import { type Delta, previousOf } from '../wire/delta.ts'
import type { HeadsBeat } from '../wire/gossip.ts'
import type { Positioned } from './apply/fold.ts'
import type { Rewrites } from './apply/rewrites.ts'
import type { BlobParts } from './blobs/blob-effects.ts'
import type { ContextStore, Judgement, Pruned } from './context-store.ts'
import type { HeldIds } from './held-ids.ts'
import type { Divergences } from './mending/divergences.ts'
import type { Doubts } from './mending/doubts.ts'
import type { Authority, Outbound, StateEvent } from './ports.ts'
import type { HeldUp } from './retention/held-up.ts'
import type { Leftovers } from './retention/leftovers.ts'
import type { Receipts } from './retention/receipts.ts'
import type { ParkedItem } from './waiting/tally.ts'
import type { XCalls } from './xcalls/xcalls.ts'

/** What a context is, as governance and the base say; it never changes. */
export interface ContextRecord {
  readonly id: ContextId
  readonly namespaceId: NamespaceId
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
  readonly storage: 'guest' | 'host'
  readonly baseRoot: RootHash
  readonly name: string | undefined
  readonly serviceName: string | undefined
}

export interface Retention {
  readonly absentMs: number
  /** Deltas from one checkpoint to the next: the same on all nodes of a context, who vouch for equal ones. */
  readonly checkpointMin: number
  /** Ids that a checkpoint names. The same on all nodes, too. */
  readonly recentMax: number
  /** Deltas from one checkpoint without what was removed to the next. The same on all nodes. */
  readonly sweepEvery: number
  /** Deltas of a context that wait for parents in memory. One more, and the oldest that has never counted is forgotten. */
  readonly pendingMax: number
  /** Deltas of a context that wait for long. One more, and the oldest is forgotten. */
  readonly agedMax: number
  /** Deltas in one batch when they are judged again after a removal. */
  readonly revisionMax: number
  /** Of a snapshot, at first. */
  readonly receiptBytes: number
}

/** Code of applications, as far as it is on this node. */
interface Code {
  /** How the application keeps its state; undefined while its code is not here. */
  storageOf(applicationId: ApplicationId): 'guest' | 'host' | undefined
  /** Which state it has; undefined while its code is not here, or where it does not say. */
  schemaOf(applicationId: ApplicationId): StateSchema | undefined
  /** Throws APPLICATION_NOT_INSTALLED, CODE_LACKING. */
  module(applicationId: ApplicationId): Promise<GuestModule>
  /** Something here waits for it. */
  want(applicationId: ApplicationId): void
}

/** What had counted here, and is parked. */
export interface Lacking extends Pick<DagNode, 'parents' | 'author'> {
  readonly sinceMs: number
}

export interface ContextParts {
  readonly record: ContextRecord
  readonly store: Store
  readonly rows: ContextStore
  /** The ids of all deltas held here, in any state. */
  readonly held: HeldIds
  readonly state: ContextState
  readonly dag: Dag
  /** Applied deltas that are not pruned, in the order they were applied. */
  readonly stack: readonly Positioned[]
  readonly pruned: Pruned | undefined
  /** What deltas stand for that have come here, ready or not; it grows with them. */
  readonly rewritten: Rewrites
  /** By what the stored deltas were judged. */
  readonly judgement: Judgement
  /** The newest signed heads of each other member that are stored. */
  readonly acknowledged: readonly HeadsBeat[]
  readonly retention: Retention
  /** The parked deltas, with the bytes each takes in the store. */
  readonly parked: ReadonlyMap<DeltaId, ParkedItem>
  /** Stored and not applied: they waited for parents, which may have come meanwhile, or were taken down. Received again. */
  readonly restored: readonly Delta[]
  /** Some of these were applied, or had no effect where they stood: without them neither graph nor state is whole. */
  readonly isPartial: boolean
  /** Of these, what is parked as well: it is not received until it is its turn there. */
  readonly lacking: ReadonlyMap<DeltaId, Lacking>
  /** The state is not what it is to be, and this disk has nothing to make it from: a member gives it, until then nothing is done. */
  readonly isDamaged: boolean
  /** What counted and does not, of these and of what is gone: the handlers have had their rows. */
  readonly again: Set<DeltaId>
  /** Own deltas that are lost to a checkpoint were to be written again when it was opened. */
  readonly isRewriting: boolean
  /** Handlers that waited in the store when it was opened. */
  readonly handlersStored: number
  readonly executor: GuestExecutor
  readonly code: Code
  readonly identity: SigningKey
  readonly account: AccountId
  readonly hlc: HybridClock
  readonly nowMs: () => number
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  /** Stands still where time is driven. */
  readonly elapsedMs: () => number
  readonly random: Random
  readonly authority: Authority
  readonly outbound: Outbound
  readonly onEvent: (event: StateEvent) => void
  readonly onBroken: (error: unknown) => void
  /** The state has come to another version, and is stored. */
  readonly onMigrated: () => void
  /** A member has said something else of its state than before. */
  readonly onStateSaid: () => void
  /** The state was replaced: this instance has ended, and the rows are to be read again. */
  readonly onSwapped: () => void
  /** Contexts of this node that receive a snapshot: each from one peer at a time, whatever becomes of its instance. */
  readonly receipts: Receipts
  readonly leftovers: Leftovers
  /** The same. */
  readonly doubts: Doubts
  readonly divergences: Divergences
  readonly heldUp: HeldUp
  /** A delta came that is sealed with a key we do not have. */
  readonly onKeyMissing: () => void
  readonly blobParts: BlobParts
  /** Calls that guests ask other contexts for. */
  readonly xcalls: XCalls
  readonly log: Logger
}

/** Only what the graph needs: a delta's sealed bytes stay in the store. */
export function nodeOf(delta: Delta): DagNode {
  const { id, parents, hlc, author, governance } = delta
  return { id, parents, hlc, author, previous: previousOf(delta), governance: shared(governance) }
}

let last: readonly OpId[] = []

/** The same array for equal ones: nearly all deltas that come together name one cut. */
function shared(cut: readonly OpId[]): readonly OpId[] {
  if (cut.length !== last.length || cut.some((id, at) => id !== last[at])) last = cut
  return last
}
