// Whoever has not heard of a removal may still accept something from the removed member that sorts before all that it has
// acknowledged. So the removed one counts on with what it said last, and what of it has no effect here stays, until everybody who counts
// has acknowledged something under a judgement that knows of the removal: whoever does has said first what it had accepted.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { AccountId, OpId, PublicKey } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { Removal } from '../../governance/namespace-state.ts'
import { headsIn, markOf, takenBy } from '../../governance/removal-pins.ts'
import type { ContextParts } from '../parts.ts'

type LossesParts = Pick<ContextParts, 'record' | 'authority'>

interface Loss {
  /** Of the judgement by which it was heard of. */
  readonly turn: number
  readonly isOf: (account: AccountId) => boolean
  /** Who of these counted until then. */
  readonly counted: readonly PublicKey[]
}

/** Of a removal: how many heads each witness has named. */
type Words = ReadonlyMap<AccountId, number>

export class Losses {
  readonly #parts: LossesParts
  /** Undefined: none was looked at yet, and nobody has acknowledged anything. */
  #judgement: Bytes | undefined
  #known: ReadonlyMap<OpId, Words> = new Map()
  #open: readonly Loss[] = []
  /** Judgements that were heard of, one after the other. */
  #turn = 0
  /** By member: under which of them it last acknowledged something. */
  readonly #acknowledgedIn = new Map<PublicKey, number>()

  constructor(parts: LossesParts) {
    this.#parts = parts
  }

  /**
   * Looks at the removals that are known now; `counted`: who has counted until now. `less`: a removal, or a word about one, is void, and what
   * was acknowledged before says nothing any more.
   */
  hear(counted: readonly PublicKey[]): 'more' | 'less' | 'same' {
    const { authority, record } = this.#parts
    const judgement = authority.judgement(record.id)
    if (this.#judgement && equalBytes(this.#judgement, judgement)) return 'same'
    const isFirst = this.#judgement === undefined
    const [before, removals] = [this.#known, authority.removalsIn(record.id)]
    this.#judgement = judgement
    this.#known = new Map(removals.map(([, removal]) => [markOf(removal), this.#wordsOf(removal)]))
    this.#turn += 1
    // Nobody has acknowledged anything before it knew of all of them.
    if (isFirst) return 'more'
    if (![...before].every(([key, words]) => contains(this.#known.get(key), words))) {
      this.#open = []
      this.#acknowledgedIn.clear()
      return 'less'
    }
    const fresh = removals.filter(([, removal]) => !before.has(markOf(removal)))
    const losses = fresh.map(([who, removal]): Loss => {
      const isOf = takenBy(who, removal)
      return { turn: this.#turn, isOf, counted: counted.filter((key) => isOf(accountOf(key))) }
    })
    this.#open = [...this.#open, ...losses]
    return 'more'
  }

  acknowledged(author: PublicKey): void {
    this.#acknowledgedIn.set(author, this.#turn)
  }

  /** `counted`: all who count now, but for ourselves. */
  settle(counted: readonly PublicKey[]): void {
    if (this.#open.length === 0) return
    const turn = Math.min(...counted.map((key) => this.#acknowledgedIn.get(key) ?? 0))
    this.#open = this.#open.filter((loss) => loss.turn > turn)
    const members = new Set(counted)
    for (const key of this.#acknowledgedIn.keys()) if (!members.has(key)) this.#acknowledgedIn.delete(key)
  }

  /** Who counts still, with what it said last. */
  get counted(): PublicKey[] {
    return this.#open.flatMap(({ counted }) => counted)
  }

  takeFrom(author: PublicKey): boolean {
    return this.#open.length > 0 && this.#open.some(({ isOf }) => isOf(accountOf(author)))
  }

  #wordsOf({ said = [] }: Removal): Words {
    return new Map(said.map((word) => [word.by, headsIn(word, this.#parts.record.id).length]))
  }
}

/** A word only grows, unless it is void. */
function contains(words: Words | undefined, before: Words): boolean {
  return words !== undefined && [...before].every(([by, count]) => (words.get(by) ?? -1) >= count)
}
