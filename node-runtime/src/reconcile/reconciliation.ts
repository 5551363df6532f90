// The asking side: finds out what this set and a peer's lack of each other, by asking about ranges whose fingerprints
// differ and splitting them. Pure; the shell carries the frames. What it has found is right whenever it is stopped.
import { equalBytes } from '../base/bytes.ts'
import type { Answer, AnswerPart, Probe, Want } from './answer.ts'
import { ReconcileError } from './errors.ts'
import { type Bound, behind, END, type ItemKey, isAscending, type KeyRange, START, unpackKeys } from './item-key.ts'
import { FANOUT, LACKS_MAX, LIST_MAX, OPEN_RANGES_MAX, PROBES_MAX, ROUNDS_MAX, WANTS_MAX } from './limits.ts'
import type { ReadSet, SetView } from './set-view.ts'

export interface Differences {
  /** What the peer has and we lack; ascending. */
  readonly wants: readonly Want[]
  /** What we have and the peer lacks, or some of it; ascending. */
  readonly lacks: readonly ItemKey[]
  /** The peer lacks more than `lacks` says. */
  readonly lacksMore: boolean
  /** False: it ended at a cap; reconcile again once `wants` are here. */
  readonly complete: boolean
}

export class Reconciliation {
  readonly #read: ReadSet
  #floor: Bound
  /** Still to be asked; ascending, disjoint. */
  #open: KeyRange[]
  #asked: readonly Probe[] = []
  #rounds = 0
  #complete = true
  readonly #ranges: KeyRange[] = []
  readonly #items = new Set<ItemKey>()
  readonly #lacks = new Set<ItemKey>()
  #lacksMore = false

  /** `read` shows the set as it is now: it may change between frames. Only keys from `floor` on are compared. */
  constructor(read: ReadSet, floor: Bound = START) {
    this.#read = read
    this.#floor = floor
    this.#open = read((view) => recentApart(view, { from: floor, to: END }))
  }

  /** The ranges to ask about now; none when it is over. */
  probes(): readonly Probe[] {
    const over = this.#rounds >= ROUNDS_MAX || this.#items.size + this.#ranges.length >= WANTS_MAX
    if (over && this.#open.length > 0) {
      this.#complete = false
      this.#open = []
    }
    this.#rounds += 1
    const ranges = this.#open.splice(0, PROBES_MAX)
    this.#asked = this.#read((view) => ranges.map((range) => probeOf(view, range)))
    return this.#asked
  }

  /**
   * The peer's answers to the last probes; it has pruned what is before `floor`, so nothing there is compared. Throws
   * ReconcileError ANSWER_INVALID.
   */
  take(answers: readonly Answer[], floor: Bound): void {
    const asked = this.#asked
    this.#asked = []
    if (answers.length !== asked.length) throw invalid(`${answers.length} answers to ${asked.length} probes`)
    if (floor > this.#floor) {
      this.#raise(floor, asked)
      return
    }
    if (answers[0]?.t === 'later') throw invalid('not even the first probe was looked at')
    const next: KeyRange[] = []
    this.#read((view) => {
      asked.forEach((probe, index) => {
        const answer = answers[index]
        if (answer !== undefined) this.#takeOne(view, probe, answer, next)
      })
    })
    this.#open = [...next, ...this.#open]
    if (this.#open.length <= OPEN_RANGES_MAX) return
    this.#open.length = OPEN_RANGES_MAX
    this.#complete = false
  }

  differences(): Differences {
    const items = [...this.#items].map((key): Want => ({ t: 'item', key }))
    const ranges = this.#ranges.map((range): Want => ({ t: 'range', ...range }))
    const start = (want: Want) => (want.t === 'item' ? want.key : want.from)
    return {
      wants: [...items, ...ranges].sort((a, b) => (start(a) < start(b) ? -1 : 1)),
      lacks: [...this.#lacks].filter((key) => key >= this.#floor).sort(),
      lacksMore: this.#lacksMore,
      complete: this.#complete,
    }
  }

  /** The answers saw less than was asked about: they are asked again, from there on. */
  #raise(floor: Bound, asked: readonly Probe[]): void {
    this.#floor = floor
    this.#open = [...asked, ...this.#open]
      .filter(({ to }) => to > floor)
      .map(({ from, to }) => ({ from: from < floor ? floor : from, to }))
  }

  #takeOne(view: SetView, probe: Probe, answer: Answer, next: KeyRange[]): void {
    switch (answer.t) {
      case 'same':
        return
      case 'later':
        next.push({ from: probe.from, to: probe.to })
        return
      case 'all':
        this.#ranges.push({ from: probe.from, to: probe.to })
        return
      case 'items':
        this.#takeItems(view, probe, unpackKeys(answer.keys))
        return
      case 'parts':
        this.#takeParts(view, probe, answer.parts, next)
    }
  }

  #takeItems(view: SetView, probe: Probe, theirs: readonly ItemKey[]): void {
    const inside = theirs.every((key) => key >= probe.from && key < probe.to)
    if (!inside || !isAscending(theirs)) throw invalid('a list with items outside of its range, or out of order')
    for (const key of theirs) if (!view.has(key)) this.#items.add(key)
    if (this.#lacksMore) return
    const known = new Set(theirs)
    // One more than may be named, so that "more" is known.
    const ours = view.keys(probe, LACKS_MAX + theirs.length + 1)
    for (const key of ours) if (!known.has(key)) this.#lack(key)
  }

  #lack(key: ItemKey): void {
    if (this.#lacks.size < LACKS_MAX || this.#lacks.has(key)) this.#lacks.add(key)
    else this.#lacksMore = true
  }

  #takeParts(view: SetView, probe: Probe, parts: readonly AnswerPart[], next: KeyRange[]): void {
    const bounds = [probe.from, ...parts.map(({ to }) => to)]
    if (parts.length < 2 || parts.length > FANOUT || !isAscending(bounds) || bounds.at(-1) !== probe.to) {
      throw invalid('parts that do not tile their range')
    }
    parts.forEach((part, index) => {
      const range = { from: bounds[index] ?? probe.from, to: part.to }
      const here = view.summary(range)
      if (equalBytes(here.fingerprint, part.fingerprint)) return
      if (here.count === 0) this.#ranges.push(range)
      // Where one side has few, its list is the next answer; otherwise a split of ours saves a frame.
      else if (here.count <= LIST_MAX || part.count <= LIST_MAX) next.push(range)
      else next.push(...view.split(range, FANOUT))
    })
  }
}

/** The newest keys apart from older ones, at growing distance: where most differences are, one frame finds them. */
function recentApart(view: SetView, range: KeyRange): KeyRange[] {
  const end = view.size
  const first = end - view.count(range)
  const ranks: number[] = []
  for (let distance = FANOUT; first + distance < end; distance *= FANOUT) ranks.unshift(end - distance)
  const ranges = view.splitAt(range, ranks)
  const newest = view.at(end - 1)
  const last = ranges.at(-1)
  if (newest === undefined || last === undefined || newest < last.from) return ranges
  const from = behind(newest)
  return [...ranges.slice(0, -1), { from: last.from, to: from }, { from, to: last.to }]
}

function probeOf(view: SetView, { from, to }: KeyRange): Probe {
  const { count, fingerprint } = view.summary({ from, to })
  return count === 0 ? { from, to } : { from, to, fingerprint }
}

function invalid(what: string): ReconcileError {
  return new ReconcileError('ANSWER_INVALID', `the peer's answer does not fit what it was asked: ${what}`)
}
