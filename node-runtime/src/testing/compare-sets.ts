// Two sets compared through the very bytes of the messages, for tests and benchmarks.
import type { ContextId } from '../base/ids.ts'
import { type Answer, answerProbes, type Probe } from '../reconcile/answer.ts'
import { type Bound, START } from '../reconcile/item-key.ts'
import type { RowSet } from '../reconcile/item-set.fixture.ts'
import { type Differences, Reconciliation } from '../reconcile/reconciliation.ts'
import { syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'

export interface CompareOptions {
  readonly contextId: ContextId
  readonly floors?: { readonly here?: Bound; readonly there?: Bound }
  readonly visitsMax?: number
  readonly afterRound?: (round: number) => unknown
}

export interface Comparison {
  readonly found: Differences
  readonly rounds: number
  /** Of all frames, both ways. */
  readonly bytes: number
  readonly largest: number
  readonly frames: readonly (readonly Probe[])[]
  readonly answers: readonly (readonly Answer[])[]
  readonly laterSeen: boolean
}

/** `here` asks, `there` answers, every frame as its bytes. */
export function compareSets(here: RowSet, there: RowSet, options: CompareOptions): Comparison {
  const { contextId, floors = {}, visitsMax, afterRound } = options
  const reconciliation = new Reconciliation(here.read, floors.here)
  const frames: (readonly Probe[])[] = []
  const answers: (readonly Answer[])[] = []
  const sizes: number[] = []
  for (let probes = reconciliation.probes(); probes.length > 0; probes = reconciliation.probes()) {
    const question = syncRequestMessage.encode({ t: 'compare', contextId, probes })
    const asked = syncRequestMessage.decode(question)
    if (asked.t !== 'compare') throw new Error('a request turned into another one')
    const floor = floors.there ?? START
    const work = { floor, ...(visitsMax === undefined ? {} : { visitsMax }) }
    const reply = syncFrameMessage.encode({
      t: 'answers',
      floor,
      answers: answerProbes(there.view(), asked.probes, work),
    })
    const frame = syncFrameMessage.decode(reply)
    if (frame.t !== 'answers') throw new Error('a frame turned into another one')
    frames.push(asked.probes)
    answers.push(frame.answers)
    sizes.push(question.byteLength, reply.byteLength)
    afterRound?.(frames.length)
    reconciliation.take(frame.answers, frame.floor)
  }
  return {
    found: reconciliation.differences(),
    rounds: frames.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    largest: Math.max(...sizes),
    frames,
    answers,
    laterSeen: answers.some((frame) => frame.some(({ t }) => t === 'later')),
  }
}
