// What was written, write by write, and what may be in a cell by that: what its last writers left, and nothing that one of them
// knew and overwrote.
import type { DeltaId } from '../../../src/base/ids.ts'
import type { Causality } from '../../record/causality.ts'
import type { Attempt } from '../../record/history.ts'
import { ANSWERING, writesIn } from '../../scenario/operations.ts'
import { HOSTILE } from '../../scenario/scenario.ts'

/** Who knew of whom. */
export type Knowing = Pick<Causality, 'has' | 'includes'>

/** One write of a call. */
export interface Written extends Attempt {
  /** The same for all that it has written, and the place of this among them. */
  readonly call: Attempt
  readonly at: number
  /** Nothing else was written by the call: without a delta it has changed nothing. */
  readonly isOne: boolean
  /** What this write was answered, by methods that answer. */
  readonly said: string | undefined
  /** It was there before anybody called anything. */
  readonly isFirst?: true
}

/** One write of one cell; null removes it. */
export interface Write {
  readonly attempt: Written
  readonly value: string | null
  /** False where the call may have left the cell alone. */
  readonly sure: boolean
}

/** What one call has written counts as if each had been called by itself, one after the other, at the same time. */
export function writesOf(call: Attempt): Written[] {
  const all = writesIn(call.operation)
  const lines = call.answer?.split('\n')
  const said = lines?.length === all.length ? lines : undefined
  return all.map((operation, at) => ({ ...call, operation, call, at, isOne: all.length === 1, said: said?.[at] }))
}

/** Of a collection that is not empty when it is made. */
export function firstWrite(value: string): Write {
  const operation = { atMs: 0, node: 'init', method: 'init', args: {} }
  const call: Attempt = { operation, atMs: 0, outcome: 'acknowledged', deltaId: undefined, error: undefined }
  return { attempt: { ...call, call, at: 0, isOne: true, said: undefined, isFirst: true }, value, sure: true }
}

/** Whether its delta counts in the end; without an answer nobody knows the delta, or whether there is one. */
export function mayBeHere(deltaId: DeltaId | undefined, causality: Knowing): boolean {
  return deltaId === undefined || causality.has(deltaId)
}

/** It was answered, and had nothing to change. */
export function isWithoutEffect({ outcome, deltaId, operation, said, isFirst }: Written): boolean {
  if (outcome !== 'acknowledged' || isFirst) return false
  return deltaId === undefined || (said === '' && ANSWERING.has(operation.method))
}

export function isKept(write: Written): boolean {
  return write.outcome === 'acknowledged' && !isWithoutEffect(write)
}

/** Of one method that counts. A liar makes each call on the base: each says that it has counted once, which all of them add together. */
export function adding(writes: readonly Written[]): Written[] {
  const isLiars = ({ operation }: Written) => operation.node === HOSTILE
  const first = writes.find(isLiars)
  return writes.filter((write) => write === first || !isLiars(write))
}

export function knows(late: Written, early: Written, causality: Knowing): boolean {
  if (early.isFirst) return !late.isFirst
  if (late.call === early.call) return late.at > early.at
  const [a, b] = [late.deltaId, early.deltaId]
  return a !== undefined && b !== undefined && causality.includes(a, b)
}

export function judge(cell: string, writes: readonly Write[], final: string | null, causality: Knowing): string[] {
  // An answer without a delta changed nothing: the key was not there, or the value was the same.
  const effective = writes.filter(({ attempt }) => !isWithoutEffect(attempt))
  const kept = effective.filter(({ attempt }) => attempt.outcome === 'acknowledged')
  if (final !== null) {
    const writers = effective.filter(({ attempt, value }) => value === final && mayBeHere(attempt.deltaId, causality))
    if (writers.length === 0) return [`${cell} is ${final}, which nobody wrote`]
    const gone = writers.every((writer) =>
      kept.some((later) => later.sure && later.value !== final && knows(later.attempt, writer.attempt, causality)),
    )
    return gone ? [`${cell} is ${final} again, though it was overwritten or removed by who knew it`] : []
  }
  const removals = effective.filter(({ attempt, value }) => value === null && mayBeHere(attempt.deltaId, causality))
  const lost = kept
    .filter(({ value, sure }) => value !== null && sure)
    .filter((write) => removals.every((removal) => knows(write.attempt, removal.attempt, causality)))
  return lost.map(
    ({ attempt, value }) =>
      `${cell} is gone, though ${value} was acknowledged at ${Math.round(attempt.atMs)} and nobody removed it`,
  )
}
