// Each delta names its author's one before it: by that it is known of what is not named any more that it has no hole before it (I2).
// Not one that is lost, which others who were away as long may have built on: whoever writes it again goes on from what counts.
import type { DeltaId, PublicKey } from '../../src/base/ids.ts'
import { previousOf } from '../../src/wire/delta.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const following: Checker = {
  name: 'following',
  check({ everything, history }, causality) {
    const found: string[] = []
    const own = new Map<PublicKey, DeltaId[]>()
    const again = new Set(everything.flatMap(({ rewrites = [] }) => rewrites))
    for (const delta of everything) {
      const { id, author } = delta
      const before = own.get(author) ?? []
      own.set(author, [...before, id])
      // Who keeps to no rule names what it likes.
      if (history.hostileDeltas.has(id)) continue
      const named = previousOf(delta)
      const isPassed = (each: DeltaId) => delta.rewrites !== undefined && again.has(each) && each !== named
      const wanted = before.findLast((each) => causality.includes(id, each) && !isPassed(each))
      if (named !== wanted)
        found.push(`${short(id)} follows on from ${short(named)}, and its author's one before it is ${short(wanted)}`)
    }
    return found.slice(0, FINDINGS_MAX)
  },
}

function short(id: DeltaId | undefined): string {
  return id?.slice(0, 8) ?? 'nothing'
}
