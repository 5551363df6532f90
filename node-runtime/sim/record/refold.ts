// The state as its definition says: the fold of all deltas over the base in canonical order, computed anew, without undo
// records, batches or the order in which anything arrived. What the nodes hold must be the same (I1).
import { type Bytes, binaryText, EMPTY } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { type BlobId, idBytes, idFromBytes, type RootHash } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import { mergeArtifact } from '../../src/crdt/artifact.ts'
import { CrdtError } from '../../src/crdt/errors.ts'
import type { GuestJob } from '../../src/runtime/guest-executor.ts'
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
}

export async function refold(app: AppName, setting: Setting, { deltas, isSecond }: Folded): Promise<RootHash> {
  const store = memoryStore()
  // The members of a setting have not called anything yet: their state is the base.
  await store.batch([...setting.saved.places.values()][0]?.rows ?? [])
  const state = ContextState.open(store, setting.shared.contextId)
  const transaction = state.begin()
  if (app === 'order-sensitive') await replay(transaction, setting, deltas)
  else for (const delta of deltas) merge(transaction, delta)
  return transaction.root()

  async function replay(
    into: StateTransaction,
    { wasm, second, shared }: Setting,
    all: readonly AppliedDelta[],
  ): Promise<void> {
    const executor = inlineExecutor({ store, modules: compiledModules })
    for (let start = 0; start < all.length; ) {
      const isNew = isSecond((all[start] as AppliedDelta).delta)
      const next = all.findIndex(({ delta }, index) => index > start && isSecond(delta) !== isNew)
      const run = all.slice(start, next < 0 ? all.length : next)
      const bytes = isNew ? second : wasm
      const module = { id: idFromBytes<BlobId>(sha256(bytes)), bytes }
      const source = { contextId: shared.contextId, generation: state.generation, staged: into.staged() }
      const outcomes = await executor.run(module, source, run.map(jobOf))
      for (const outcome of outcomes) if (outcome.status === 'ok') into.apply(outcome.changes)
      start += run.length
    }
  }
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
