// A few inputs of a target made long, each with its executed blocks counted: what grows faster than its input is found.
import { toHex } from '../src/base/bytes.ts'
import { seededRandom } from '../src/crdt/properties/seeded-random.ts'
import type { Executed } from './executed.ts'
import { blocksIn } from './executed.ts'
import { AMPLIFIED_BYTES_MAX, BLOCKS_BASE, BLOCKS_PER_BYTE } from './limits.ts'
import type { Meter } from './meter.ts'
import { amplify } from './mutate.ts'
import { judge } from './oracle.ts'
import type { Failure, RoundJob } from './round.ts'
import type { Target } from './target.ts'

const INPUTS = 8

export interface AmplifiedReport {
  readonly inputs: number
  /** The most blocks executed for one byte of input. */
  readonly blocksPerByte: number
  readonly failures: readonly Failure[]
}

export function runAmplified(
  target: Target,
  job: RoundJob,
  { meter, executed }: { readonly meter: Meter; readonly executed: Executed },
): AmplifiedReport {
  const random = seededRandom(job.seed * 31 + job.round)
  const failures: Failure[] = []
  let highest = 0
  for (let index = 0; index < INPUTS; index += 1) {
    const input = amplify(target.seeds, target.format, random)
    executed.take()
    const verdict = judge(target, input, meter)
    const blocks = blocksIn(executed.take())
    // Of short inputs it says nothing.
    if (input.byteLength > AMPLIFIED_BYTES_MAX / 4) highest = Math.max(highest, blocks / input.byteLength)
    const allowed = BLOCKS_BASE + (target.blocksPerByte ?? BLOCKS_PER_BYTE) * input.byteLength
    const why =
      verdict.kind === 'failed'
        ? verdict.why
        : blocks > allowed
          ? `over budget: ${blocks} blocks executed, ${allowed} are allowed`
          : undefined
    // Too long to be shown whole: it is made again from target, seed and round.
    if (why !== undefined) {
      const hex = `${toHex(input.subarray(0, 200))}… (${input.byteLength} bytes, amplified)`
      failures.push({ target: job.target, seed: job.seed, round: job.round, index, why: `amplified: ${why}`, hex })
    }
  }
  return { inputs: INPUTS, blocksPerByte: highest, failures }
}
