// Caps of lint/. At a cap less is found; nothing is reported that is not there.

/** Steps walked, those of repeated bodies each time. Beyond it the second iteration of a body is left out. */
export const WALKED_STEPS_MAX = 100_000

/** Entries of a `for_each` list that are walked. What the others do is not looked at. */
export const WALKED_ENTRIES_MAX = 50

/** Writes that not every node is known to have. The oldest is forgotten: reads of it are not reported. */
export const OPEN_WRITES_MAX = 2_000

/** Rounds of --fix, each on the text the one before has made. What is left then is left as it is. */
export const FIX_ROUNDS_MAX = 50

/** Different lines between two texts for which a difference is worked out; beyond it all lines are shown as changed. */
export const DIFFERENCE_MAX = 4_000
