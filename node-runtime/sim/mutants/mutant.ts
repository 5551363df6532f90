// A planted bug: an exact replacement in one source of the node.
import type { AppName, Mark } from '../scenario/scenario.ts'

/** Of `architecture.md`, as the README of `node-runtime/src/context` and `docs/` repeat them. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7'

/** What a scenario must have for the changed line to matter much. Seeds without it count as passed, and are not run. */
export type Need = 'crash' | 'hostile' | 'pruning' | 'removal' | 'silence' | Mark | AppName

export interface Mutant {
  readonly name: string
  /** Below `node-runtime/src`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** Why it is a bug. */
  readonly why: string
  readonly breaks: Invariant
  readonly needs?: Need
  /** `source`: from the sources of the node alone, before any test or the simulator was read. */
  readonly chosenFrom: 'source' | 'history'
}
