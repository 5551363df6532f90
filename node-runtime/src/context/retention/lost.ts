// What of our own a checkpoint makes lost, as it is to be written again: with what of others' went with it.
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { ContextStore } from '../context-store.ts'
import type { Turns } from '../turns.ts'
import { type GivenUp, knownByOwn } from './given-up.ts'
import { originOf, type Reached, type Reissue } from './reissue-rows.ts'

export interface Lost {
  readonly id: DeltaId
  readonly author: PublicKey
  readonly parents: readonly DeltaId[]
  /** It was not void before. */
  readonly counts: boolean
}

export interface LostParts {
  readonly rows: Pick<ContextStore, 'delta'>
  readonly own: PublicKey
  readonly turns: Turns
  /** Of others, what is lost and was pruned here. */
  readonly beneath?: Reached
}

/** `lost`: in canonical order. */
export async function reissuesOf(lost: readonly Lost[], { rows, own, turns, beneath }: LostParts): Promise<Reissue[]> {
  if (!lost.some(({ author, counts }) => author === own && counts)) return []
  const givenUp: GivenUp[] = []
  for (const { id, author, parents, counts } of lost) {
    const delta = counts ? rows.delta(id) : undefined
    givenUp.push({ id, author, parents, origin: delta && originOf(delta) })
    await turns.spend(delta?.sealed.byteLength ?? 0)
  }
  const known = knownByOwn(givenUp, own, beneath)
  return givenUp.flatMap(({ id, origin }) => {
    const [delta, behind] = [rows.delta(id), known.get(id)]
    return delta && behind && origin !== undefined ? [{ origin, delta, behind }] : []
  })
}
