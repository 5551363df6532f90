// What of our own a checkpoint makes lost, as it is to be written again: with what of others' went with it.
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { ContextStore } from '../context-store.ts'
import type { Turns } from '../turns.ts'
import { knownByOwn } from './given-up.ts'
import type { Reached, Reissue } from './reissue-rows.ts'

export interface Lost {
  readonly id: DeltaId
  readonly author: PublicKey
  readonly parents: readonly DeltaId[]
  /** The first delta that it stands for. */
  readonly origin: DeltaId
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
  const givenUp = lost.map(({ counts, origin, ...node }) => ({ ...node, origin: counts ? origin : undefined }))
  const known = knownByOwn(givenUp, own, beneath)
  const reissues: Reissue[] = []
  for (const { id, origin, counts } of lost) {
    const behind = counts ? known.get(id) : undefined
    const delta = behind && rows.delta(id)
    if (delta) reissues.push({ origin, delta, behind })
    await turns.spend(delta?.sealed.byteLength ?? 0)
  }
  return reissues
}
