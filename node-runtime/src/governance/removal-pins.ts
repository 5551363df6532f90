// What a removal says of a context: which deltas of the removed member were accepted there.
import { taggedHash } from '../base/hash.ts'
import { type AccountId, type ContextId, type DeltaId, idBytes, idFromBytes, type OpId } from '../base/ids.ts'
import type { PinnedHeads } from '../base/operations.ts'
import { WORD_HEADS_MAX } from './limits.ts'
import type { Removal, Removed, Word } from './namespace-state.ts'

/**
 * Heads whose past is what was accepted from the removed member in a context. Undefined while nobody has said it: then
 * all counts that it wrote without knowing of the removal.
 */
export function pinsOf(removal: Removal, contextId: ContextId): readonly DeltaId[] | undefined {
  const witnessed = removal.witnessed?.[contextId]
  if (isSettled(removal, contextId)) return removal.pinned?.[contextId]
  // Who leaves may name what it has written, and nothing of that is lost; it cannot end with it what others say.
  return witnessed && unionOf(removal.pinned?.[contextId] ?? [], witnessed)
}

/**
 * The same as lists, each of which is the same object as long as it says the same; of what `author` wrote there, without its
 * own word: who lost a group and has it again says nothing of what it wrote in between.
 */
export function pinsFor(
  removal: Removal,
  contextId: ContextId,
  author?: AccountId,
): readonly (readonly DeltaId[])[] | undefined {
  const own = removal.pinned?.[contextId]
  if (own !== undefined && isSettled(removal, contextId)) return [own]
  const words = (removal.said ?? []).filter(({ pinned }) => pinned[contextId] !== undefined)
  const others = words.filter(({ by }) => by !== author)
  if (others.length === 0) return undefined
  const all = removal.witnessed?.[contextId]
  const said =
    all !== undefined && others.length === words.length ? [all] : others.map((word) => headsIn(word, contextId))
  return own === undefined ? said : [own, ...said]
}

export function headsIn({ pinned }: Word, contextId: ContextId): readonly DeltaId[] {
  return pinned[contextId] ?? []
}

/** Whoever removed or lowered the member had the context, and its word is the last. Nobody has the last word on itself. */
export function isSettled({ how, pinned }: Removal, contextId: ContextId): boolean {
  return how !== 'left' && pinned?.[contextId] !== undefined
}

/**
 * With what a witness has accepted, as far as there is room for its word in each context: nobody has room but its own, so
 * nobody can take that of others.
 */
export function withWord(removal: Removal, by: AccountId, pinned: PinnedHeads): Removal {
  const before = removal.said?.find((word) => word.by === by)?.pinned ?? {}
  const own = { ...before }
  const witnessed = { ...removal.witnessed }
  for (const id of contextsOf(pinned)) {
    const heads = unionOf(before[id] ?? [], pinned[id] ?? [])
    if (heads.length > WORD_HEADS_MAX) continue
    own[id] = heads
    witnessed[id] = unionOf(witnessed[id] ?? [], heads)
  }
  if (contextsOf(own).length === 0) return removal
  const others = (removal.said ?? []).filter((word) => word.by !== by)
  return { ...removal, said: [...others, { by, pinned: own }].sort((a, b) => (a.by < b.by ? -1 : 1)), witnessed }
}

/** Why the removal has no use for this word of a witness. */
export function refusalOfWord(removal: Removal, by: AccountId, pinned: PinnedHeads): string | undefined {
  const before = removal.said?.find((word) => word.by === by)?.pinned ?? {}
  let isNew = false
  for (const id of contextsOf(pinned)) {
    const heads = unionOf(before[id] ?? [], pinned[id] ?? [])
    if (heads.length > WORD_HEADS_MAX)
      return `of one removal an author pins at most ${WORD_HEADS_MAX} heads of a context`
    isNew ||= before[id] === undefined || heads.length > before[id].length
  }
  return isNew ? undefined : 'the author has said all of that'
}

export function contextsOf(pinned: PinnedHeads): ContextId[] {
  return Object.keys(pinned) as ContextId[]
}

/** In ascending order. */
function unionOf(a: readonly DeltaId[], b: readonly DeltaId[]): DeltaId[] {
  return [...new Set([...a, ...b])].sort()
}

/** Each is hashed once, whatever states it is in. */
const MARKS = new WeakMap<Removal, OpId>()

/**
 * What of a removal was heard: of a group's, whom it leaves untouched, too. That may change when an operation comes that sorts
 * before it, and from whom it then takes something more, that is to be said as well.
 */
export function markOf(removal: Removal): OpId {
  const { op, kept } = removal
  if (kept === undefined) return op
  const mark = MARKS.get(removal) ?? idFromBytes<OpId>(taggedHash('calbox/heard/1', idBytes(op), ...kept.map(idBytes)))
  MARKS.set(removal, mark)
  return mark
}

/** Whose deltas a removal may make void: one account’s, or those of all who lost a group that they had inherited. */
export function takenBy(who: Removed, { kept }: Removal): (account: AccountId) => boolean {
  if (kept === undefined) return (account) => account === who
  const untouched = new Set(kept)
  return (account) => !untouched.has(account)
}
