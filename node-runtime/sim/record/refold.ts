// The state as its definition says: the fold of all deltas over the base in canonical order, without what was removed where a
// checkpoint takes that out, computed anew, without undo records, batches or the order in which anything arrived. What the nodes hold must be the same (I1).
import { type Bytes, binaryText, EMPTY } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { type BlobId, type DeltaId, idBytes, idFromBytes, type RootHash } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import { applicationIdOf } from '../../src/base/operations.ts'
import { rootChanges } from '../../src/context/migration/root-entry.ts'
import { markChange } from '../../src/context/migration/state-mark.ts'
import { mergeArtifact } from '../../src/crdt/artifact.ts'
import { CrdtError } from '../../src/crdt/errors.ts'
import type { GuestExecutor, GuestJob, GuestModule } from '../../src/runtime/guest-executor.ts'
import { inlineExecutor } from '../../src/runtime/inline-executor.ts'
import { ContextState } from '../../src/storage/context-state.ts'
import type { StateTransaction } from '../../src/storage/state-transaction.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { compiledModules } from '../../src/testing/test-node.ts'
import type { Delta, DeltaPayload } from '../../src/wire/delta.ts'
import type { Setting } from '../run/settings.ts'
import type { AppName } from '../scenario/scenario.ts'

export interface AppliedDelta {
  readonly delta: Delta
  readonly payload: DeltaPayload
}

interface Folded {
  /** In canonical order. */
  readonly deltas: readonly AppliedDelta[]
  /** Where its author stood the context had been upgraded. */
  readonly isSecond: (delta: Delta) => boolean
  /** And the state with it: what was made before comes first, whatever its stamp. */
  readonly migrates: boolean
  /** Up to which deltas what was removed has gone, one after the other. */
  readonly sweeps: readonly DeltaId[]
}

export async function refold(
  app: AppName,
  setting: Setting,
  { deltas, isSecond, migrates, sweeps }: Folded,
): Promise<RootHash> {
  const store = memoryStore()
  // The members of a setting have not called anything yet: their state is the base.
  await store.batch([...setting.saved.places.values()][0]?.rows ?? [])
  const state = ContextState.open(store, setting.shared.contextId)
  const transaction = state.begin()
  const isFirst = ({ delta }: AppliedDelta) => !isSecond(delta)
  const ordered = migrates ? [...deltas.filter(isFirst), ...deltas.filter((each) => !isFirst(each))] : deltas
  if (app === 'order-sensitive') await replay(transaction, setting, ordered)
  else await mergeAll()
  return transaction.root()

  async function mergeAll(): Promise<void> {
    const left = [...sweeps]
    const sweepUntil = async (id: DeltaId | undefined) => {
      while (left[0] !== undefined && (id === undefined || left[0] < id)) await sweep(state, transaction, left.shift())
    }
    for (const each of deltas) {
      await sweepUntil(each.delta.id)
      merge(transaction, each)
    }
    await sweepUntil(undefined)
  }

  async function replay(
    into: StateTransaction,
    { wasm, second, migrating, shared }: Setting,
    all: readonly AppliedDelta[],
  ): Promise<void> {
    const executor = inlineExecutor({ store, modules: compiledModules })
    for (let start = 0; start < all.length; ) {
      const isNew = isSecond((all[start] as AppliedDelta).delta)
      const next = all.findIndex(({ delta }, index) => index > start && isSecond(delta) !== isNew)
      const run = all.slice(start, next < 0 ? all.length : next)
      const later = migrates ? migrating : second
      const bytes = isNew ? later : wasm
      const module = { id: idFromBytes<BlobId>(sha256(bytes)), bytes }
      if (migrates && isNew)
        await migrate(into, executor, { module, shared, generation: state.generation, hlc: run[0]?.delta.hlc ?? 0n })
      const source = { contextId: shared.contextId, generation: state.generation, staged: into.staged() }
      const jobs = run.filter(({ payload }) => payload.artifact.bytes.byteLength > 0).map(jobOf)
      const outcomes = await executor.run(module, source, jobs)
      for (const outcome of outcomes) if (outcome.status === 'ok') into.apply(outcome.changes)
      start += run.length
    }
  }
}

interface Migrating {
  readonly module: GuestModule
  readonly shared: Setting['shared']
  readonly generation: number
  /** Of the first delta that was made for the later version. */
  readonly hlc: bigint
}

async function migrate(
  into: StateTransaction,
  executor: GuestExecutor,
  { module, shared, generation, hlc }: Migrating,
): Promise<void> {
  const id = idBytes(shared.contextId)
  const env = { contextId: id, executorId: id, deviceId: id, accountId: id, timeNs: hlc }
  const job = { kind: 'call', method: 'migrate_v1_to_v2', input: EMPTY, keep: false, env, isMigration: true } as const
  const source = { contextId: shared.contextId, generation, staged: into.staged() }
  const [outcome] = await executor.run(module, source, [job])
  if (outcome?.status !== 'ok' || outcome.value === undefined) throw new Error(`it fails: ${outcome?.error?.message}`)
  into.apply(outcome.changes)
  into.apply(rootChanges(into, outcome.value, id))
  into.apply([markChange({ version: 2, applicationId: applicationIdOf(module.id) })])
}

function merge(transaction: StateTransaction, { delta, payload }: AppliedDelta): void {
  if (payload.artifact.kind !== 'host') return
  const written = new Map<string, { key: Bytes; value: Bytes | null }>()
  const map = {
    get: (key: Bytes) => {
      const change = written.get(binaryText(key))
      return change === undefined ? transaction.get(key) : (change.value ?? undefined)
    },
    set: (key: Bytes, value: Bytes | null) => void written.set(binaryText(key), { key, value }),
  }
  try {
    mergeArtifact(map, payload.artifact.bytes, { author: delta.author, hlc: delta.hlc })
  } catch (error) {
    // A malformed artifact has no effect.
    if (error instanceof CrdtError) return
    throw error
  }
  transaction.apply([...written.values()])
}

/** Of maps, sets and what accounts have: what their records look like is said here once more. */
const SWEPT_TAGS: ReadonlySet<number> = new Set([1, 2, 3, 4, 7])

async function sweep(state: ContextState, transaction: StateTransaction, last: DeltaId | undefined): Promise<void> {
  const until = BigInt(`0x${last?.slice(0, 16) ?? 0}`)
  const keys = transaction.staged().map(({ key }) => key)
  for await (const [key] of state.entries()) keys.push(key)
  for (const key of keys) {
    const value = transaction.get(key)
    const isElement = key[0] === 0x63 && SWEPT_TAGS.has(key[33] ?? 0) && key[34] === 0x65
    if (!isElement || value?.byteLength !== 41 || value[40] !== 1) continue
    if (Buffer.from(value).readBigUInt64BE() <= until) transaction.apply([{ key, value: null }])
  }
}

function jobOf({ delta, payload }: AppliedDelta): GuestJob {
  const author = idBytes(delta.author)
  return {
    kind: 'apply',
    artifact: payload.artifact.kind === 'guest' ? payload.artifact.bytes : EMPTY,
    keep: true,
    env: {
      contextId: idBytes(delta.contextId),
      executorId: author,
      deviceId: author,
      accountId: idBytes(accountOf(delta.author)),
      timeNs: delta.hlc,
      randomSeed: idBytes(delta.id),
    },
  }
}
