// What this folder needs from others: `sync/` brings deltas and operations in and out, and is bound in `node.ts`.
import type { Bytes } from '../base/bytes.ts'
import type {
  AccountId,
  ApplicationId,
  ContextId,
  DeltaId,
  GroupId,
  KeyId,
  NamespaceId,
  OpId,
  PublicKey,
  RootHash,
} from '../base/ids.ts'
import type { Attestation, MemberKeys, ProposalApproved, ProposalMade, RemovalPinned } from '../base/operations.ts'
import type { ContextProposals, ContextRecord, Removal, Removed } from '../governance/namespace-state.ts'
import type { TreeDifference } from '../storage/tree-diff.ts'
import type { TreeView } from '../storage/tree-view.ts'
import type { StoreOp } from '../store/store.ts'
import type { Delta } from '../wire/delta.ts'
import type { Invitation } from '../wire/invitation.ts'
import type { SignedOp } from '../wire/op.ts'
import type { TrialLog } from './attestation/trial-log.ts'

/** Who sent something to us, as the transport names and authenticates it. */
export type PeerId = string

/** Outbound half of synchronisation. Nothing here fails a committed call. */
export interface Outbound {
  /** Gossips a delta that is committed here. Resolves when handed to the network. */
  publishDelta(contextId: ContextId, delta: Delta): Promise<void>
  publishOps(namespaceId: NamespaceId, ops: readonly SignedOp[]): Promise<void>
  /** Tells the members our signed heads soon: what we have, and vouch for. */
  announceHeads(contextId: ContextId): void
  /** Asks `from`, then others, for deltas that are missing here. Returns at once. */
  askForDeltas(contextId: ContextId, missing: readonly DeltaId[], from: PeerId | undefined): void
  askForOps(namespaceId: NamespaceId, from: PeerId | undefined): void
  /** Starts and stops to take part in a context's or a namespace's gossip and periodic sync. */
  followContext(contextId: ContextId): void
  unfollowContext(contextId: ContextId): void
  followNamespace(namespaceId: NamespaceId): void
  unfollowNamespace(namespaceId: NamespaceId): void
  /** One round with every connected member; resolves when each has answered or failed, or after the time of one conversation. */
  syncContext(contextId: ContextId, options: { signal?: AbortSignal }): Promise<void>
  syncNamespace(namespaceId: NamespaceId, options: { signal?: AbortSignal; invitation?: Invitation }): Promise<void>
  /** Asks connected members for the keys of a group that are lacking here. Resolves when there is nobody to ask now. */
  fetchKeys(namespaceId: NamespaceId, groupId: GroupId, options: { signal?: AbortSignal }): Promise<void>
  /** Asks one member, if it is connected, for a key that it has just used, and what its log has of it. Returns at once. */
  askForKeys(namespaceId: NamespaceId, groupId: GroupId, holder: PublicKey): void
  /**
   * Gives `take` the initial image of a context, entry by entry, from one connected member after the other, until it has taken
   * that of one. Throws when there is none that it takes.
   */
  fetchBase(
    contextId: ContextId,
    take: (entries: AsyncIterable<readonly [Bytes, Bytes]>) => Promise<void>,
    options: { signal?: AbortSignal },
  ): Promise<void>
  /**
   * Which entries of our state are not as in that of a member, of the root that it has signed. Throws where it does not say, within the
   * time of one conversation; StorageError TREE_FALSE where what it shows is no state of that root.
   */
  compareTrees(
    contextId: ContextId,
    theirs: { readonly member: PublicKey; readonly root: RootHash },
    ours: TreeView,
  ): Promise<TreeDifference>
}

/** What an attestation is to be made for. */
export interface Challenge {
  readonly namespaceId: NamespaceId
  /** 32 bytes. */
  readonly nonce: Bytes
}

/** Keys of a node that asks to be let in, and what vouches for them. */
export interface Admission {
  readonly namespaceId: NamespaceId
  readonly member: MemberKeys
  readonly attestation: Attestation
}

/** How an attested node that is no member yet reaches those who let it in. */
export interface AdmissionOutbound {
  /**
   * Asks connected nodes, one after the other, to let this one into the namespace of a group; resolves with that once one
   * has, and shows it by its log, which is read into `trial`. Throws with what each of them said when none has.
   */
  askAdmission(
    groupId: GroupId,
    options: {
      readonly attest: (challenge: Challenge & { readonly verifier: PublicKey }) => Admission
      readonly trial: (namespaceId: NamespaceId) => TrialLog
      readonly signal: AbortSignal
    },
  ): Promise<NamespaceId>
}

/** Whether a delta's author may write, and with this key, judged at the governance heads the delta cites. */
export type Judgement = 'yes' | 'no' | 'not-yet'

export type Running = Pick<ContextRecord, 'applicationId' | 'ran'>

/** What a context asks its namespace. */
export interface Authority {
  /** Heads that a new delta cites. */
  heads(): readonly OpId[]
  mayWrite(contextId: ContextId, author: PublicKey): boolean
  mayRead(contextId: ContextId, reader: PublicKey): boolean
  /** Everybody who may write now, ourselves included, and when each joined. */
  writers(contextId: ContextId): readonly { readonly publicKey: PublicKey; readonly joinedHlc: bigint }[]
  /** Everybody who could write at a cut of the log; undefined while that is not known here. */
  writersAt(contextId: ContextId, governance: readonly OpId[]): readonly PublicKey[] | undefined
  judge(contextId: ContextId, header: Pick<Delta, 'author' | 'governance' | 'keyId' | 'madeUnder'>): Judgement
  /** What the context runs at a cut of the log; undefined where the cut is not known here, or does not know the context. */
  applicationAt(contextId: ContextId, governance: readonly OpId[]): ApplicationId | undefined
  /** With what it ran before. The same object as long as the context is as it was. */
  runningAt(contextId: ContextId, governance: readonly OpId[]): Running | undefined
  /** A cut at which the context ran the application, the latest that is known; undefined: it never did. */
  cutRunning(contextId: ContextId, applicationId: ApplicationId): readonly OpId[] | undefined
  removalsNow(contextId: ContextId): KnownRemovals
  /** Removals that touch the context, with whom they removed. */
  removalsIn(contextId: ContextId): readonly (readonly [Removed, Removal])[]
  /** Equal iff those removals are, and what they pin in the context; all zero while there is none. */
  judgement(contextId: ContextId): Bytes
  /** Tells the log what we had accepted from a removed member. Throws NOT_ALLOWED where it is not ours to say. */
  pinRemoval(pins: Omit<RemovalPinned, 'kind'>): Promise<void>
  /** Undefined where nothing was ever proposed. */
  proposalsIn(contextId: ContextId): ContextProposals | undefined
  /**
   * Proposes and approves in a context, all or nothing: `commit` stores the rows in one batch with what the same call
   * writes. Throws NOT_ALLOWED, with the rule that stands against it, before that is called.
   */
  submitAll(
    bodies: readonly (ProposalMade | ProposalApproved)[],
    commit: (rows: readonly StoreOp[]) => Promise<void>,
  ): Promise<void>
  /** Makes a new key of the group when a removal has made the present one unfit to seal with. Resolves at once else. */
  renewKey(groupId: GroupId): Promise<void>
  /** The key that seals new deltas of this group; undefined until it has been delivered, or while it is unfit. */
  sealingKey(groupId: GroupId): { readonly keyId: KeyId; readonly key: Bytes } | undefined
  openingKey(groupId: GroupId, keyId: KeyId): Bytes | undefined
}

/** Removals that touch a context, as they are known at one moment: nothing that is heard of later is in it. */
export interface KnownRemovals {
  readonly judgement: Bytes
  readonly all: () => readonly (readonly [Removed, Removal])[]
  /** Those of the author that its delta, which cites `governance`, did not know of. */
  readonly unseen: (header: Pick<Delta, 'author' | 'governance'>) => readonly Removal[]
  /** Of the context, in whatever role. */
  readonly isMember: (account: AccountId) => boolean
}

/** Something a client may watch: emitted after commit, once a delta. */
export interface StateEvent {
  readonly contextId: ContextId
  readonly deltaId: DeltaId | undefined
  readonly root: RootHash
  readonly events: readonly { readonly kind: string; readonly data: Bytes; readonly handler?: string }[]
}

/** Something that has come to count in a group: emitted once, after its operation is in the store. */
export type GroupEvent = { readonly groupId: GroupId } & (
  | {
      readonly type: 'MemberJoined' | 'MemberAdded' | 'MemberRemoved'
      readonly data: { readonly memberAccount: AccountId; readonly role?: string }
    }
  | { readonly type: 'MigrationStarted'; readonly data: UpgradeStarted }
  | {
      readonly type: 'ProposalExecuted'
      /** As JSON; ids in base58. */
      readonly data: {
        readonly contextId: string
        readonly proposalId: string
        readonly authorId: string
        readonly actions: readonly object[]
        /** Places of the actions for which there was no room. */
        readonly left?: readonly number[]
      }
    }
  /** Of a namespace: what its members have said of their states. */
  | { readonly type: 'MigrationProgress'; readonly data: MigrationCounts }
  /** Of a namespace whose admin we are: an upgrade of a group with all beneath it. */
  | {
      readonly type: 'CascadeProgress'
      readonly data: {
        readonly subgroupId: GroupId
        readonly localContextsSwapped: number
        readonly localContextsTotal: number
      }
    }
  | {
      readonly type: 'MigrationCompleted'
      readonly data: { readonly toVersion: string /** In seconds. */; readonly completedAt: number }
    }
)

/** Of members. */
export interface MigrationCounts {
  readonly migrated: number
  readonly inProgress: number
  readonly unknown: number
  readonly failed: number
  readonly total: number
}

export interface UpgradeStarted {
  readonly fromVersion: string
  readonly toVersion: string
  readonly toStateVersion: number
  /** Contexts of the group that it is about. */
  readonly localContextsTotal: number
}

/** What a member shows to the others for the moment has changed: said by it, or gone because it is not heard of any more. */
export interface PresenceEvent {
  readonly contextId: ContextId
  readonly presence: {
    readonly author: PublicKey
    /** Absent: it shows nothing any more. */
    readonly state?: Bytes
    /** How long ago it was heard of, in ms; absent when it is just now. */
    readonly ageMs?: number
  }
}

/** What became of a call that a guest has asked another context for. */
export type XCallOutcome =
  | { readonly status: 'ok' }
  | { readonly status: 'denied'; readonly detail: { readonly reason: string } }
  | { readonly status: 'exec_error'; readonly detail: { readonly message: string } }

export interface XCallEvent {
  /** Whose guest has asked for it. */
  readonly contextId: ContextId
  readonly xcall: {
    readonly targetContextId: ContextId
    readonly method: string
    readonly outcome: XCallOutcome
  }
}

export type NodeEvent = StateEvent | GroupEvent | PresenceEvent | XCallEvent
