// One round of one target: seeds, then inputs made of them. Everything follows from target, seed and number of the round.
import { type Bytes, toHex } from '../src/base/bytes.ts'
import { seededRandom } from '../src/crdt/properties/seeded-random.ts'
import { CORPUS_MAX, FAILURES_MAX } from './limits.ts'
import type { Meter } from './meter.ts'
import { minimise } from './minimise.ts'
import { mutate } from './mutate.ts'
import { judge, type Verdict } from './oracle.ts'
import type { Target } from './target.ts'

export interface RoundJob {
  readonly target: string
  readonly seed: number
  readonly round: number
  readonly inputs: number
}

export interface Failure {
  readonly target: string
  readonly seed: number
  readonly round: number
  /** Of the input within its round; below zero for a seed, which must be accepted. */
  readonly index: number
  readonly why: string
  readonly hex: string
}

export interface RoundReport {
  readonly target: string
  readonly inputs: number
  readonly accepted: number
  readonly rejected: Readonly<Record<string, number>>
  /** Places where an input ended and none before it. */
  readonly places: number
  readonly failures: readonly Failure[]
}

export interface RoundHooks {
  readonly meter: Meter
  /** Before each input: its index. */
  readonly begin?: (index: number) => void
  /** Inputs worth keeping: they ended somewhere new. */
  readonly onNew?: (input: Bytes) => void
}

export function runRound(target: Target, job: RoundJob, { meter, begin, onNew }: RoundHooks): RoundReport {
  const random = seededRandom(hashOf(`${job.target} ${job.seed} ${job.round}`))
  const corpus: Bytes[] = [...target.seeds]
  const places = new Set<string>()
  const rejected: Record<string, number> = {}
  const failures: Failure[] = []
  let accepted = 0
  const fail = (index: number, input: Bytes, why: string) => {
    const kind = kindOf(why)
    const smallest = minimise(input, (candidate) => {
      const verdict = judge(target, candidate, meter)
      return verdict.kind === 'failed' && kindOf(verdict.why) === kind
    })
    failures.push({ target: job.target, seed: job.seed, round: job.round, index, why, hex: toHex(smallest) })
  }
  target.seeds.forEach((seed, index) => {
    const verdict = judge(target, seed, meter)
    if (verdict.kind === 'failed' && failures.length < FAILURES_MAX)
      fail(index - target.seeds.length, seed, verdict.why)
    places.add(placeOf(verdict))
  })
  let index = 0
  for (; index < job.inputs && failures.length < FAILURES_MAX; index += 1) {
    begin?.(index)
    const input = mutate(corpus, target.format, random)
    const verdict = judge(target, input, meter)
    if (verdict.kind === 'failed') {
      fail(index, input, verdict.why)
      continue
    }
    if (verdict.kind === 'accepted') accepted += 1
    else rejected[verdict.code] = (rejected[verdict.code] ?? 0) + 1
    const place = placeOf(verdict)
    // Some of what is accepted, too: changes add up.
    if (places.has(place) && !(verdict.kind === 'accepted' && random.oneIn(64))) continue
    if (!places.has(place)) onNew?.(input)
    places.add(place)
    if (input.byteLength === 0) continue
    if (corpus.length < CORPUS_MAX) corpus.push(input)
    else corpus[target.seeds.length + random.below(CORPUS_MAX - target.seeds.length)] = input
  }
  return { target: job.target, inputs: index, accepted, rejected, places: places.size, failures }
}

function placeOf(verdict: Verdict): string {
  if (verdict.kind === 'accepted') return `accepted ${verdict.place}`
  return verdict.kind === 'rejected' ? `${verdict.code} ${verdict.place}` : 'failed'
}

/** The same defect, however many bytes it took. */
function kindOf(why: string): string {
  return why.replace(/\d+/g, '#').split('\n')[0] ?? ''
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}
