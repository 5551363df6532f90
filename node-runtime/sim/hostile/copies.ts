// What others have written, for a hostile member to sign as its own.
import { type Delta, type DeltaPayload, openDelta } from '../../src/wire/delta.ts'
import type { History } from '../record/history.ts'
import type { Setting } from '../run/settings.ts'
import type { Fault, Operation } from '../scenario/scenario.ts'
import { isCounted } from './hostile-calls.ts'
import type { DeltaWishes } from './hostile-forgery.ts'

export interface Copy {
  readonly of: Delta
  readonly operation: Operation
  /** Without events. */
  readonly payload: DeltaPayload
}

export interface CopyParts {
  readonly history: History
  readonly setting: Setting
  readonly fault: Extract<Fault, { kind: 'hostile' }>
}

/** Of the last of `deltas` that means the same under another name. Undefined where there is none that it can read. */
export function copyOf(deltas: readonly Delta[], { history, setting, fault }: CopyParts): Copy | undefined {
  const known = new Map(history.attempts.map((attempt) => [attempt.deltaId, attempt.operation]))
  const of = deltas.findLast(({ id }) => known.has(id) && !isCounted(known.get(id)))
  const operation = of && known.get(of.id)
  // After a removal others write under a key that it was not given.
  if (!fault.member || !operation || of?.keyId !== setting.groupKey.keyId) return undefined
  const { artifact } = openDelta(of, setting.groupKey.key)
  return { of, operation, payload: { artifact, events: [], depth: 0 } }
}

/** Said of something that is earlier, whatever the clocks say. */
export function replacing({ id, hlc }: Delta, nowNs: bigint): Pick<DeltaWishes, 'hlc' | 'rewrites'> {
  return { hlc: nowNs > hlc ? nowNs : hlc + 1n, rewrites: [id] }
}
