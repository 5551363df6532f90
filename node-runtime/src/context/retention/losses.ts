// Whoever has not heard of a removal may still accept something from the removed member that sorts before all that it has
// acknowledged. So the removed one counts on with what it said last, and what of it has no effect here stays, until everybody who counts
// has acknowledged something under a judgement that knows of the removal: whoever does has said first what it had accepted. Where
// the removed one was not even known before, nothing is stable until then.
import { equalBytes } from '../../base/bytes.ts'
import type { AccountId, DeltaId, OpId, PublicKey } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { Removal, Removed } from '../../governance/namespace-state.ts'
import { headsIn, isSettled, markOf, takenBy } from '../../governance/removal-pins.ts'
import type { ContextParts } from '../parts.ts'
import type { KnownRemovals } from '../ports.ts'

type LossesParts = Pick<ContextParts, 'record'> & { readonly authority: Pick<ContextParts['authority'], 'removalsNow'> }

interface Loss {
  /** Of the judgement by which it was heard of. */
  readonly turn: number
  /** Who of these counted until then. */
  readonly counted: readonly PublicKey[]
  /** Whose deltas others may have accepted without having said so; undefined: all is said. */
  readonly isOf: ((account: AccountId) => boolean) | undefined
  /** Some of them may have come and gone since we looked last, with whatever they have written. */
  readonly isBlind: boolean
}

/** Of a removal: what each witness has accepted. */
type Words = ReadonlyMap<AccountId, readonly DeltaId[]>

export class Losses {
  readonly #parts: LossesParts
  /** Undefined: none was looked at yet, and nobody has acknowledged anything. */
  #before: KnownRemovals | undefined
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
    const [before, now] = [this.#before, authority.removalsNow(record.id)]
    // Also where no removal is new: members are.
    this.#before = now
    if (before && equalBytes(before.judgement, now.judgement)) return 'same'
    const [known, removals] = [this.#known, now.all()]
    this.#known = new Map(removals.map(([, removal]) => [markOf(removal), this.#wordsOf(removal)]))
    this.#turn += 1
    // Nobody has acknowledged anything before it knew of all of them.
    if (before === undefined) return 'more'
    if (![...known].every(([mark, words]) => contains(this.#known.get(mark), words))) {
      this.#open = []
      this.#acknowledgedIn.clear()
      return 'less'
    }
    const fresh = removals.filter(([, removal]) => !known.has(markOf(removal)))
    const losses = fresh.map(([who, removal]) => this.#lossBy(who, removal, { before, counted }))
    this.#open = [...this.#open, ...losses.filter(({ counted, isOf }) => isOf !== undefined || counted.length > 0)]
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

  get areBlind(): boolean {
    return this.#open.some(({ isBlind }) => isBlind)
  }

  takeFrom(author: PublicKey): boolean {
    return this.#open.length > 0 && this.#open.some(({ isOf }) => isOf?.(accountOf(author)))
  }

  #lossBy(
    who: Removed,
    removal: Removal,
    { before, counted }: { readonly before: KnownRemovals; readonly counted: readonly PublicKey[] },
  ): Loss {
    const isOf = takenBy(who, removal)
    const theirs = counted.filter((key) => isOf(accountOf(key)))
    // Whoever removed has had the last word, and nobody owes one.
    if (isSettled(removal, this.#parts.record.id))
      return { turn: this.#turn, counted: theirs, isOf: undefined, isBlind: false }
    // From whom a group's takes something it does not name: who was a member is known by then.
    const isBlind = removal.kept === undefined && !before.isMember(who as AccountId)
    return { turn: this.#turn, counted: theirs, isOf, isBlind }
  }

  #wordsOf({ said = [] }: Removal): Words {
    return new Map(said.map((word) => [word.by, headsIn(word, this.#parts.record.id)]))
  }
}

/** A word only grows, unless it is void. */
function contains(words: Words | undefined, before: Words): boolean {
  if (words === undefined) return false
  return [...before].every(([by, heads]) => {
    const now = words.get(by)
    if (now === undefined || now === heads) return now === heads
    const all = new Set(now)
    return heads.every((id) => all.has(id))
  })
}
