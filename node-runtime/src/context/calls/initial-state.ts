// The base of a new context: what `init` leaves behind on an empty state. It is made once, by the creator; everyone else
// copies it, because replaying `init` gives another result in some applications.
import { type Bytes, compareBytes, toHex } from '../../base/bytes.ts'
import type { HybridClock } from '../../base/clock.ts'
import { type AccountId, type ContextId, idBytes } from '../../base/ids.ts'
import type { SigningKey } from '../../base/keys.ts'
import type { Logger } from '../../base/log.ts'
import type { InPieces } from '../../base/pieces.ts'
import { mergeInPieces } from '../../crdt/artifact.ts'
import type { GuestExecutor, GuestModule, GuestOutcome } from '../../runtime/guest-executor.ts'
import { ContextError } from '../errors.ts'
import { logGuest } from '../guest-log.ts'
import { StagedMap } from '../staged-map.ts'
import type { Turns } from '../turns.ts'

export interface InitialStateParts {
  readonly id: ContextId
  readonly module: GuestModule
  readonly executor: GuestExecutor
  readonly hlc: HybridClock
  readonly account: AccountId
  readonly identity: SigningKey
  readonly turns: Turns
  /** Names the context. */
  readonly log: Logger
}

const INIT = 'init'

/** Entries of the base, in key order. An application without `init` starts empty. Throws INIT_FAILED with the guest's words. */
export async function initialState(parts: InitialStateParts, params: Bytes): Promise<(readonly [Bytes, Bytes])[]> {
  const { executor, module, id, hlc, account, identity } = parts
  if (!(await executor.inspect(module)).methods.includes(INIT)) return []
  const publicKey = idBytes(identity.publicKey)
  const env = {
    contextId: idBytes(id),
    executorId: publicKey,
    deviceId: publicKey,
    accountId: idBytes(account),
    timeNs: hlc.tick(),
  }
  const source = { contextId: id, generation: NO_GENERATION, staged: [] }
  const job = { kind: 'call' as const, method: INIT, input: params, env, keep: false }
  const [outcome] = await executor.run(module, source, [job])
  logGuest(parts.log, 'info', { method: INIT, lines: outcome?.logs ?? [] })
  if (outcome?.status !== 'ok') {
    const why = outcome?.error?.message ?? 'no outcome'
    throw new ContextError('INIT_FAILED', `the application's init failed: ${why}`, {
      data: { kind: outcome?.error?.kind, logs: outcome?.logs },
    })
  }
  // Nothing is stored yet, and nobody could say in which group it is.
  if (outcome.xcalls.length > 0)
    parts.log.warn({ method: INIT }, 'calls to other contexts (xcall) of init are not made')
  if (outcome.blobs) {
    // Members copy the base, and would lack what only the creator has.
    throw new ContextError('INIT_FAILED', "the application's init uses blobs, which only calls may", { data: {} })
  }
  hlc.observe(outcome.timeNs)
  parts.turns.start()
  return parts.turns.run(entriesOf(outcome, parts))
}

/** No state is ever stored under it, so `init` sees an empty one. */
const NO_GENERATION = 0

function* entriesOf(outcome: GuestOutcome, parts: InitialStateParts): InPieces<(readonly [Bytes, Bytes])[]> {
  let changes = outcome.changes
  if (outcome.artifact?.kind === 'host') {
    const staged = new StagedMap({ get: () => undefined })
    yield* mergeInPieces(staged, outcome.artifact.bytes, {
      author: parts.identity.publicKey,
      hlc: parts.hlc.tick(),
      founding: true,
    })
    changes = staged.changes()
  }
  const entries = new Map<string, readonly [Bytes, Bytes]>()
  for (const { key, value } of changes) {
    if (value === null) entries.delete(toHex(key))
    else entries.set(toHex(key), [key, value])
  }
  return [...entries.values()].sort(([a], [b]) => compareBytes(a, b))
}
