// Budgets of one input, all of them counted, and the sizes of the fuzzer itself.

/** Bytes that decoding and encoding again may ask for, for each byte of input and beside that. Over it the input fails. */
export const ALLOCATION_PER_BYTE = 24
export const ALLOCATION_BASE = 96 * 1024

/** Executed blocks of code (V8 counts them) for each byte of an amplified input and beside that. */
export const BLOCKS_PER_BYTE = 100
export const BLOCKS_BASE = 100_000

/** Steps of a target that counts them (`Work`): a few thousand records make no more. */
export const STEPS_MAX = 100_000

/** Inputs of a run that says nothing else. */
export const INPUTS = 1_000_000

/** Inputs of one round: what it does depends on target, seed and number alone, and a failure is repeated within it. */
export const ROUND_INPUTS = 10_000

/** Inputs that are mutated further because they led somewhere new. At the cap one of them is replaced. */
export const CORPUS_MAX = 2048

/** Longer inputs are cut: what a byte costs is seen with fewer, and amplified inputs have a cap of their own. */
export const INPUT_BYTES_MAX = 16 * 1024
export const AMPLIFIED_BYTES_MAX = 128 * 1024

/** Changes of one input. */
export const MUTATIONS_MAX = 5

/** Attempts at making a failing input smaller. */
export const MINIMISE_ATTEMPTS = 4000

/** A thread that finishes no input for so long is in an endless loop: it is ended and its input reported. */
export const SILENCE_MS = 120_000

/** Failures of one target in one round; it is left then. */
export const FAILURES_MAX = 3

/** What the measured part of the inputs must reach of the branches of the decoders. */
export const BRANCHES_PERCENT_MIN = 90

/** And of those of each decoder file: a large one that is reached everywhere hides no small one that is not. */
export const FILE_BRANCHES_PERCENT_MIN = 80
