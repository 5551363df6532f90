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

/** Files that include files. Deeper ones are refused. */
export const INCLUDE_DEPTH_MAX = 10

/** Different files that one workflow includes. Those beyond are not read, and the step that names them is refused. */
export const INCLUDED_FILES_MAX = 200

/** Inclusions in all: files that include others twice grow fast. Those beyond are refused. */
export const INCLUSIONS_MAX = 500

/** Values of included files, counted each time they are included, so that planning ends soon. Refused beyond. */
export const INCLUDED_VALUES_MAX = 200_000

/** Entries of a `for_each` that stands in the file. A longer one is refused. */
export const FOR_EACH_MAX = 10_000

/** Combinations of a matrix: each is a run of its own. The file is refused beyond. */
export const MATRIX_MAX = 64

/** Variables of a file that are looked through for names like those nobody sets, all together. Beyond, no suggestion. */
export const VARIABLES_COMPARED_MAX = 100_000
