// Caps of plan/. At a cap the file is reported with one more problem that says so; nothing is cut in silence.

/** Characters of a file. The largest known one has 60,000. Not read beyond. */
export const FILE_CHARACTERS_MAX = 4 * 1024 * 1024

/** Values of a file with aliases written out; an alias bomb of a few lines would have billions. The file is refused. */
export const VALUES_MAX = 500_000

/** Nesting of lists and maps; deeper ones could exhaust the stack of a recursive reader. The file is refused. */
export const VALUE_DEPTH_MAX = 200

/** Steps within steps. The deeper steps are refused. */
export const STEP_DEPTH_MAX = 20

/** Problems reported; the rest is counted. */
export const PROBLEMS_MAX = 1000

/** Nodes of one run: more do not fit on any machine, and a typing error should not list millions. */
export const NODES_MAX = 1000

/** Longest name for which a similar one is looked for (the cost is quadratic). Beyond, no suggestion. */
export const SUGGESTION_CHARACTERS_MAX = 64
