// Caps of the reports.

/** Steps a run record keeps one by one. A soak run repeats without end; beyond this only the counts go on. */
export const RECORDED_STEPS_MAX = 50_000

/** Characters of a reply kept per step: enough to see what came back. Longer ones are cut and marked. */
export const RECORDED_PAYLOAD_MAX_CHARS = 16_384

/** Lines of one step's program output kept in the record: the last ones. */
export const RECORDED_OUTPUT_MAX_LINES = 1_000
