// Which version the state has beneath all that is on the stack. Only the first delta of a version may have brought it there, and what
// takes that back says what it was before.
import { equalBytes } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import { FIRST_STATE_VERSION, STATE_VERSION_KEY } from '../../runtime/module/state-schema.ts'
import { undoInPieces } from '../../storage/undo.ts'
import { markIn, stateMark } from '../migration/state-mark.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { type Positioned, versionIn } from './fold.ts'

type VersionParts = Pick<ContextParts, 'rows' | 'state'> & { readonly turns: Turns }

export class VersionBeneath {
  readonly #parts: VersionParts
  #known: { readonly of: string; readonly version: number } | undefined

  constructor(parts: VersionParts) {
    this.#parts = parts
  }

  /** As it was found last; the first, from which all is to come yet, where that is not of this stack. */
  known(stack: readonly Positioned[], base: number): number {
    return this.#known?.of === keyOf(firsts(stack), base) ? this.#known.version : FIRST_STATE_VERSION
  }

  /** Costs the undo records of the first of each version, once. Runs in the queue of the context. */
  async find(stack: readonly Positioned[], base: number): Promise<void> {
    const candidates = firsts(stack)
    const of = keyOf(candidates, base)
    if (this.#known?.of === of) return
    this.#known = { of, version: await this.#find(candidates, base) }
  }

  async #find(candidates: readonly First[], base: number): Promise<number> {
    const { rows, state, turns } = this.#parts
    for (const { index } of candidates) {
      const { previous } = await turns.run(undoInPieces(rows.undo(base + index).undo))
      const before = previous.find(({ key }) => equalBytes(key, STATE_VERSION_KEY))
      if (before !== undefined) return markIn(before.value ?? undefined).version
    }
    return stateMark(state).version
  }
}

interface First {
  readonly index: number
  readonly id: DeltaId
}

/** Of each version the first, where it is later than all before. */
function firsts(stack: readonly Positioned[]): First[] {
  let last = FIRST_STATE_VERSION
  const found: First[] = []
  for (const [index, place] of stack.entries()) {
    if (versionIn(place) <= last) continue
    last = versionIn(place)
    found.push({ index, id: place.id })
  }
  return found
}

function keyOf(candidates: readonly First[], base: number): string {
  return [base, ...candidates.map(({ index, id }) => `${index} ${id}`)].join()
}
