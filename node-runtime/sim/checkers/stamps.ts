// No honest member is dragged into the future by who stamps its deltas far ahead (I7). And none writes with stamps from before its
// delta, which would show what a removal beneath a checkpoint had removed (ADR 0029): what is written again excepted.
import { FUTURE_MAX_MS } from '../../src/context/limits.ts'
import { decodeArtifact } from '../../src/crdt/artifact.ts'
import { SKEW_MAX_MS } from '../limits.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

const NS_PER_MS = 1_000_000n
/** A clock counts on where much happens within a moment. */
const ROUNDING_MS = 1000

export const stamps: Checker = {
  name: 'stamps',
  check({ deltas, everything, history }) {
    const ahead = everything.filter(({ id, hlc }) => {
      const madeMs = history.madeMs.get(id)
      if (madeMs === undefined || history.hostileDeltas.has(id)) return false
      return Number(hlc / NS_PER_MS) > madeMs + FUTURE_MAX_MS + SKEW_MAX_MS + ROUNDING_MS
    })
    const early = deltas.filter(({ delta: { id, hlc, rewrites }, payload: { artifact } }) => {
      if (artifact.kind !== 'host' || rewrites !== undefined || history.hostileDeltas.has(id)) return false
      return decodeArtifact(artifact.bytes).some(({ stamp }) => stamp > 0n && stamp < hlc)
    })
    return [
      ...ahead.map(({ id, hlc }) => `${id.slice(0, 8)} is stamped ${hlc}, far ahead of every clock`),
      ...early.map(({ delta: { id } }) => `${id.slice(0, 8)} has stamps from before it`),
    ].slice(0, FINDINGS_MAX)
  },
}
