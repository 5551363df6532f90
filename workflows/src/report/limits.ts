// Caps of the reports.

/** Steps a run record keeps one by one. A soak run repeats without end; beyond this only the counts go on, and the top level. */
export const RECORDED_STEPS_MAX = 50_000

/** Characters of a reply, and of each captured value: enough to see what came back. Longer ones are cut and marked. */
export const RECORDED_PAYLOAD_MAX_CHARS = 16_384

/** Characters of all that steps gave, captured, wrote and noted. A text of V8 ends at 512 MiB, and the record is one; what comes
 * after is left out and marked, and failures are cut. */
export const RECORDED_MAX_CHARS = 64 * 1024 * 1024

/** Of the message of a failure once the record is full. */
export const RECORDED_FAILURE_MAX_CHARS = 500

/** Notes of the run, of a step, and ends of a node: the last ones. */
export const RECORDED_NOTES_MAX = 1_000

/** Lines of one step's program output kept in the record: the last ones. */
export const RECORDED_OUTPUT_MAX_LINES = 1_000

/** Lines of a value shown in two columns: pairing takes the square of it. Longer ones stand one below the other, cut. */
export const COMPARED_LINES_MAX = 400

/** Statements of one step shown with their values; the rest is counted. */
export const COMPARISONS_SHOWN_MAX = 10

/** Failures beside each other that are shown in full on the last screen and in the summary of a job. */
export const FAILURES_SHOWN_MAX = 5

/** Of those beyond: a line each, with place and cause. The rest is counted; all are in run.json. */
export const FAILURE_LINES_MAX = 100

/** Of such a line. */
export const FAILURE_LINE_MAX_CHARS = 240

/** Faults that were on when something failed; the rest is counted. All are in run.json. */
export const FAULTS_SHOWN_MAX = 10

/** Log lines of a node where several failures share the screen. */
export const BESIDE_LOG_LINES = 5

/** Characters of `system-out` and `system-err` of a suite: the last ones. Servers that show reports refuse large ones. */
export const JUNIT_OUTPUT_MAX_CHARS = 262_144

/** Annotations of one command: what a page of GitHub shows of a step. Failures come first; the summary has all. */
export const ANNOTATIONS_MAX = 10

/** Characters and lines of the message of one annotation. */
export const ANNOTATION_MAX_CHARS = 4_000
export const ANNOTATION_MAX_LINES = 30

/** Characters of a job summary; GitHub takes 1 MiB a step and drops all of it beyond. Cut. */
export const SUMMARY_MAX_CHARS = 250_000

/** Rows of a table in the summary; the rest is in the JSON report. */
export const SUMMARY_ROWS_MAX = 100
