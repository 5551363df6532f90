// What the main thread and a guest worker say to each other, and how byte strings are made cheap to send.
import type { Bytes } from '../../base/bytes.ts'
import type { GuestBlobs, GuestJob, GuestOutcome, StateChange, StateSource } from '../guest-executor.ts'
import type { LoadedModule } from '../module/link-plan.ts'
import type { NamedModule } from './known-modules.ts'

export interface WorkerSettings {
  readonly storeLocation: string
  /** Where the node's blobs are; absent where guests have none. */
  readonly blobFolder?: string | undefined
}

/** One run of at least one job; a worker gets the next after it has answered with the last outcome or `failed`. */
export interface RunRequest {
  readonly module: LoadedModule
  readonly source: StateSource
  readonly jobs: readonly GuestJob[]
  /** Names what the guests of this run write to blobs, so that it can be dropped when the worker is lost. */
  readonly blobRun?: string | undefined
  /** Jobs that have not begun after so long are left out. */
  readonly budgetMs?: number | undefined
}

/** As it travels. */
export type SentRequest = Omit<RunRequest, 'module'> & { readonly module: NamedModule }

export type WorkerMessage =
  | { readonly type: 'ready' }
  /** `isLast`: nothing follows. */
  | { readonly type: 'outcome'; readonly outcome: GuestOutcome; readonly isLast: boolean }
  /** The run cannot be finished for a reason that is not the guest's. */
  | { readonly type: 'failed'; readonly message: string }

/** Buffers below this are cheaper to copy than to hand over. */
const TRANSFER_MIN_BYTES = 16 * 1024

/**
 * The buffers of an outcome to hand over instead of copying. Not for an outcome whose changes the next job sees: they
 * would be gone here.
 */
export function transferList(outcome: GuestOutcome): ArrayBuffer[] {
  const out = new Set<ArrayBuffer>()
  const add = (bytes: Bytes | null | undefined) => {
    if (bytes && bytes.byteLength >= TRANSFER_MIN_BYTES && bytes.buffer instanceof ArrayBuffer) out.add(bytes.buffer)
  }
  add(outcome.value)
  add(outcome.artifact?.bytes)
  for (const change of [...outcome.changes, ...outcome.privateChanges]) add(change.value)
  return [...out]
}

/** Cloning a view clones the whole buffer under it, so every byte string gets a buffer of its own first. */
export function portableRequest(request: RunRequest, module: NamedModule): SentRequest {
  const { source } = request
  return {
    module,
    blobRun: request.blobRun,
    budgetMs: request.budgetMs,
    source: {
      ...source,
      staged: source.staged.map(portableChange),
      ...(source.stagedPrivate ? { stagedPrivate: source.stagedPrivate.map(portableChange) } : {}),
    },
    jobs: request.jobs.map((job) =>
      job.kind === 'call' ? { ...job, input: own(job.input) } : { ...job, artifact: own(job.artifact) },
    ),
  }
}

export function portableOutcome(outcome: GuestOutcome): GuestOutcome {
  return {
    ...outcome,
    ...(outcome.value ? { value: own(outcome.value) } : {}),
    ...(outcome.artifact ? { artifact: { ...outcome.artifact, bytes: own(outcome.artifact.bytes) } } : {}),
    ...(outcome.blobs ? { blobs: portableBlobs(outcome.blobs) } : {}),
    changes: outcome.changes.map(portableChange),
    privateChanges: outcome.privateChanges.map(portableChange),
  }
}

/** The bytes of a blob are on the disk: only what it is called goes over. */
function portableBlobs({ created, announced }: GuestBlobs): GuestBlobs {
  const own32 = created.map((blob) => ({ ...blob, manifest: { ...blob.manifest, chunks: own(blob.manifest.chunks) } }))
  return { created: own32, announced }
}

function portableChange({ key, value }: StateChange): StateChange {
  return { key: own(key), value: value === null ? null : own(value) }
}

function own(bytes: Bytes): Bytes {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.prototype.slice.call(bytes)
}
