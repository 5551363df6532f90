// The port through which a context runs guest code. A run is one module over one state and a list of jobs; nothing of a
// job outlives it except its outcome. Implemented by `inline-executor.ts` and `worker-executor.ts`.
import type { Bytes } from '../base/bytes.ts'
import type { BlobId, ContextId } from '../base/ids.ts'
import type { StagedBlob } from '../blobs/blob-store.ts'

export interface GuestModule {
  /** The key of the module cache: equal ids must mean equal bytes. */
  readonly id: BlobId
  readonly bytes: Bytes
}

/** What the guest can learn about its surroundings. All ids are 32 bytes. */
export interface GuestEnv {
  readonly contextId: Bytes
  /** Public key of the identity that calls; what `executor_id` answers. */
  readonly executorId: Bytes
  readonly accountId: Bytes
  readonly deviceId: Bytes
  /**
   * Nanoseconds since the Unix epoch: the first `time_now`. Every later one is greater. Must exceed the `timeNs` of
   * every outcome that shaped the state this job sees, otherwise guests lose deletes and updates.
   */
  readonly timeNs: bigint
  /**
   * Makes `random_bytes` reproducible. Without it a call draws from the system and an apply from a seed derived of its
   * artifact: an apply never depends on the machine.
   */
  readonly randomSeed?: Bytes
  /** The context whose outcome queued this call (xcall); absent for calls from outside. */
  readonly xcallOrigin?: Bytes
}

export type GuestJob = GuestCallJob | GuestApplyJob

export interface GuestCallJob {
  readonly kind: 'call'
  /** An exported function without parameters and results. 1–256 characters of `[A-Za-z0-9_]`. */
  readonly method: string
  readonly input: Bytes
  readonly env: GuestEnv
  /**
   * Whether the next jobs of the run see this job's changes. Only a job that ended `ok` is ever kept. Each call of a run starts
   * after those before it have ended, whatever its `env` says.
   */
  readonly keep: boolean
  /** Every node runs it on the same state: it has no private entries and no blobs, and stamps that it replaces may be from any time. */
  readonly isMigration?: true
}

/** `__calimero_sync_next` with an artifact as input. What it would itself pass on is ignored: no artifact, no events. */
export interface GuestApplyJob {
  readonly kind: 'apply'
  readonly artifact: Bytes
  readonly env: GuestEnv
  readonly keep: boolean
}

/** The structural twin of `storage/`'s: null removes the key. */
export interface StateChange {
  readonly key: Bytes
  readonly value: Bytes | null
}

/** One committed state of one context, and what is staged on top of it but not in the store yet. */
export interface StateSource {
  readonly contextId: ContextId
  readonly generation: number
  readonly staged: readonly StateChange[]
  /** The same for the node's private keys of this context. */
  readonly stagedPrivate?: readonly StateChange[]
}

export interface GuestEvent {
  readonly kind: string
  readonly data: Bytes
  readonly handler?: string
}

export interface GuestXCall {
  readonly contextId: Bytes
  readonly method: string
  readonly params: Bytes
}

export interface GuestProposal {
  readonly id: Bytes
  readonly actions: Bytes
}

/** Blobs that a call wrote and announced. Whoever gets it keeps or discards each of `created`. */
export interface GuestBlobs {
  readonly created: readonly StagedBlob[]
  readonly announced: readonly { readonly blobId: BlobId; readonly contextId: ContextId }[]
}

/** What a call changed, in the form its peers apply. */
export interface GuestArtifact {
  /** Who can merge it: the guest's own code, or `crdt/`. */
  readonly kind: 'guest' | 'host'
  readonly bytes: Bytes
}

/**
 * `error`: guest_error (the method returned `Err`), method_not_found, invalid_signature, timeout, worker_lost.
 * `trap`: panic, trap (the engine's: unreachable, out of bounds …), stack_overflow, host_error (a host function refused
 * its arguments), unsupported (a host function that is not served), limit.
 */
export type GuestErrorKind =
  | 'guest_error'
  | 'method_not_found'
  | 'invalid_signature'
  | 'timeout'
  | 'worker_lost'
  | 'panic'
  | 'trap'
  | 'stack_overflow'
  | 'host_error'
  | 'state_unreadable'
  | 'unsupported'
  | 'limit'

export interface GuestError {
  readonly kind: GuestErrorKind
  /** One line, fit for the caller. For a panic it ends with the place in the guest's source, if it told one. */
  readonly message: string
  /** The payload of the guest's `Err`, exactly; only for `guest_error`. */
  readonly value?: Bytes
  /** A blob that is damaged on this node's disk: to be verified. */
  readonly damaged?: BlobId
}

/** After `error` or `trap` every list of effects is empty; `logs` are kept for the report. */
export interface GuestOutcome {
  readonly status: 'ok' | 'error' | 'trap'
  /** What the method returned as `Ok`; absent when it returned nothing. */
  readonly value?: Bytes
  readonly error?: GuestError
  readonly logs: readonly string[]
  readonly events: readonly GuestEvent[]
  /** Only keys whose value differs from what the job found. */
  readonly changes: readonly StateChange[]
  readonly privateChanges: readonly StateChange[]
  /** The root the guest reported (`commit`); guests whose CRDTs are the host's have none. */
  readonly root?: Bytes
  /** Absent when there is nothing to pass on: a view, or a call without effect. */
  readonly artifact?: GuestArtifact
  readonly xcalls: readonly GuestXCall[]
  readonly proposals: readonly GuestProposal[]
  /** Ids of approved proposals. */
  readonly approvals: readonly Bytes[]
  readonly migrationWitness?: Bytes
  /** Absent when the call wrote and announced none. */
  readonly blobs?: GuestBlobs
  /** The first `time_now` of this job: its `env.timeNs`, or later where others of its run ended later. No stamp it made is earlier. */
  readonly beganNs: bigint
  /**
   * No stamp this job made is later. It is the last `time_now`, moved up to the end of its 2^-16 s step (the grain of
   * the guests' own hybrid clocks), and at least `env.timeNs`. A delta whose HLC is its call's `timeNs` sorts after
   * all of its own stamps, and a child that starts later sorts after them too.
   */
  readonly timeNs: bigint
  /** Time spent in this job, for metrics. */
  readonly tookMs: number
}

/**
 * True when the failure depends on the machine (time, stack, a lost worker), not only on module, state and artifact.
 * Such an apply has no outcome yet: it is parked and retried, never recorded as failed.
 */
export function isMachineFailure(outcome: GuestOutcome): boolean {
  const kind = outcome.error?.kind
  return kind === 'timeout' || kind === 'worker_lost' || kind === 'stack_overflow'
}

export type AbiGeneration = 'by-ref' | 'flat'

export interface ModuleImport {
  readonly module: string
  readonly name: string
}

export interface ModuleInfo {
  readonly id: BlobId
  readonly sizeBytes: number
  readonly imports: readonly ModuleImport[]
  readonly exports: readonly string[]
  /** Exports that can be called as a method: functions without parameters and results. */
  readonly methods: readonly string[]
  readonly abi: AbiGeneration
  /** Linked to a trap that names them. */
  readonly unknownImports: readonly string[]
  /** Known, but this host does not serve them yet; they trap when called. */
  readonly unsupportedImports: readonly string[]
  /** Where the CRDTs live: in the module itself, or behind the host's `js_crdt_*`. */
  readonly storage: 'guest' | 'host'
  readonly appliesDeltas: boolean
  /** The `calimero_abi_v1` section as it is, when it is UTF-8 JSON. `state`: a schema of the state only. */
  readonly abiSection: { readonly content: 'absent' | 'state' | 'full' | 'unreadable'; readonly json?: string }
}

export interface RunOptions {
  readonly signal?: AbortSignal
  /** Called with each outcome as soon as it is there, in order; also of a run that throws in the end. */
  readonly onOutcome?: (outcome: GuestOutcome) => void
  /** Jobs that have not begun after so long are left out: the result is shorter. Not where time is driven. */
  readonly budgetMs?: number
}

export interface GuestExecutor {
  /**
   * Runs the jobs in order, each in a fresh instance. The result has one outcome a job, but ends early with the first
   * machine failure, because what follows it would depend on it, or when `budgetMs` is over.
   * Throws RuntimeError for a module that cannot be run at all or a closed executor, and `signal.reason`.
   */
  run(
    module: GuestModule,
    source: StateSource,
    jobs: readonly GuestJob[],
    options?: RunOptions,
  ): Promise<GuestOutcome[]>
  /** Throws RuntimeError (MODULE_INVALID, MODULE_TOO_LARGE) for bytes that can never run here, saying why. */
  inspect(module: GuestModule): Promise<ModuleInfo>
  close(): Promise<void>
}
