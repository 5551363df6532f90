// What of other members an own delta knew of, among all that went with it for a snapshot. Pure.
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { Reached } from './reissue-rows.ts'

export interface GivenUp {
  readonly id: DeltaId
  readonly author: PublicKey
  readonly parents: readonly DeltaId[]
  /** Of what its author will write again, where the first delta sorts that it stands for; undefined: it will not. */
  readonly origin: DeltaId | undefined
}

const NOTHING: Reached = new Map()

/**
 * By own delta: of each other author the last one among the ancestors in `lost`, which is in canonical order. An author
 * writes in that order again, so it stands for the earlier ones. `lost` holds with a delta all that is built on it;
 * `beneath`: what is known where it is built on something else.
 */
export function knownByOwn(
  lost: readonly GivenUp[],
  own: PublicKey,
  beneath: Reached = NOTHING,
): ReadonlyMap<DeltaId, Reached> {
  const nodes = new Map(lost.map((node) => [node.id, node]))
  const known = new Map<DeltaId, Reached>()
  for (const { id, parents } of lost) {
    const [first, ...others] = parents.flatMap((parent) => {
      const node = nodes.get(parent)
      if (node === undefined) return beneath.size > 0 ? [beneath] : []
      return [reachedBy(node, known.get(parent) ?? NOTHING, own)]
    })
    known.set(id, others.length === 0 ? (first ?? NOTHING) : latest([first ?? NOTHING, ...others]))
  }
  return new Map(lost.filter(({ author }) => author === own).map(({ id }) => [id, known.get(id) ?? NOTHING]))
}

/** One map for a whole chain of own deltas. */
function reachedBy({ author, origin }: GivenUp, known: Reached, own: PublicKey): Reached {
  return author === own || origin === undefined ? known : latest([known, new Map([[author, origin]])])
}

function latest(all: readonly Reached[]): Reached {
  const joined = new Map<PublicKey, DeltaId>()
  for (const reached of all) {
    for (const [author, place] of reached) if (place > (joined.get(author) ?? '')) joined.set(author, place)
  }
  return joined
}
