// No honest member is dragged into the future by who stamps its deltas far ahead (I7).
import { FUTURE_MAX_MS } from '../../src/context/limits.ts'
import { SKEW_MAX_MS } from '../limits.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

const NS_PER_MS = 1_000_000n
/** A clock counts on where much happens within a moment. */
const ROUNDING_MS = 1000

export const stamps: Checker = {
  name: 'stamps',
  check({ everything, history }) {
    const ahead = everything.filter(({ id, hlc }) => {
      const madeMs = history.madeMs.get(id)
      if (madeMs === undefined || history.hostileDeltas.has(id)) return false
      return Number(hlc / NS_PER_MS) > madeMs + FUTURE_MAX_MS + SKEW_MAX_MS + ROUNDING_MS
    })
    return ahead
      .slice(0, FINDINGS_MAX)
      .map(({ id, hlc }) => `${id.slice(0, 8)} is stamped ${hlc}, far ahead of every clock`)
  },
}
