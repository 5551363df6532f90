// Caps of a hunt for planted bugs.

/** Fresh seeds that a bug may take to be caught. One more, and the simulator is too weak. */
export const SEEDS_MAX = 500
/** The first of them: the same for every bug, so that what the sources without one make of a seed is found out once. */
export const FIRST_SEED = 31_000_000
