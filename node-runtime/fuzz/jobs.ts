// Pure. Which rounds a run has: so many inputs shared out among the targets, or one round of each.
import { INPUTS, ROUND_INPUTS } from './limits.ts'
import type { RunOptions } from './options.ts'
import type { RoundJob } from './round.ts'
import type { Target } from './target.ts'

export interface Jobs {
  /** The first round of each target. */
  readonly measured: readonly RoundJob[]
  readonly plain: readonly RoundJob[]
}

type Asked = Pick<RunOptions, 'inputs' | 'measured' | 'round'> & { readonly seed: number }
type Shared = Pick<Target, 'name' | 'share'>

/** The measured rounds apart; of the others those of one target not together: cut short, a run has had some of each. */
export function jobsOf(targets: readonly Shared[], { inputs, measured: measuredMax, seed, round }: Asked): Jobs {
  const measured: RoundJob[] = []
  const plain: RoundJob[] = []
  for (const { name, share = 1 } of targets) {
    const first = Math.ceil(measuredMax * share)
    if (round !== undefined) {
      // However many rounds the run had that names it, and however much of this one it looked at.
      const all = round === 0 ? Math.max(ROUND_INPUTS, first) : ROUND_INPUTS
      ;(round === 0 ? measured : plain).push({ target: name, seed, round, inputs: inputs ?? all })
      continue
    }
    let left = Math.ceil(((inputs ?? INPUTS) * share) / sharesOf(targets))
    measured.push({ target: name, seed, round: 0, inputs: Math.min(left, first) })
    left -= first
    for (let next = 1; left > 0; next += 1) {
      plain.push({ target: name, seed, round: next, inputs: Math.min(left, ROUND_INPUTS) })
      left -= ROUND_INPUTS
    }
  }
  plain.sort((a, b) => a.round - b.round)
  return { measured, plain }
}

/** How many inputs there must be for as many of each target to be measured as are to be. */
export function inputsToMeasure(targets: readonly Shared[], measured: number): number {
  // Shares are decimals: their sum is a little more or less than it should be.
  return Math.ceil(Number((measured * sharesOf(targets)).toFixed(3)))
}

function sharesOf(targets: readonly Shared[]): number {
  return targets.reduce((sum, { share = 1 }) => sum + share, 0)
}
