// What is fuzzed: one decoder of bytes that come from outside, or several that only make sense together.
import type { Bytes } from '../src/base/bytes.ts'

/** Which mutators fit the format best; plain changes of bytes are made of every format. */
export type Format = 'cbor' | 'binary' | 'text'

export interface Target {
  readonly name: string
  /** The decoders that it feeds, as `file#export` below `src/`: a decoder that no target names fails a test. */
  readonly decoders: readonly string[]
  /** What bytes may be refused with. Any other exception is a failure. */
  readonly codes: readonly string[]
  readonly format: Format
  /** Valid inputs, made by the real encoders. */
  readonly seeds: readonly Bytes[]
  /**
   * Decodes, uses the result as far as the caller does without looking further, and gives the bytes that the result
   * encodes to: they must be the input. Undefined where the format has several byte forms. Throws what the decoder throws.
   */
  readonly run: (input: Bytes, work: Work) => Bytes | undefined
  /** Bytes that may be asked for, decoding and encoding together: a multiple of the input's, beside a fixed amount. */
  readonly allocation?: { readonly perByte: number; readonly base: number }
  /** How many of the inputs it gets, compared with others; below 1 where an input takes long. */
  readonly share?: number
  /** Executed blocks of code, where a byte of input may cost more than elsewhere. */
  readonly blocksPerByte?: number
}

/** Counted steps of what is not a function of the input alone: reads of a state, nodes of a tree. */
export interface Work {
  /** Throws OverBudget. */
  step(): void
}

export class OverBudget extends Error {
  constructor(what: string) {
    super(`over budget: ${what}`)
    this.name = 'OverBudget'
  }
}

/** What a decoder says by its result instead of by an exception. */
export class Rejected extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.name = 'Rejected'
    this.code = code
  }
}
