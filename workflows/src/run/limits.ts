// Caps and periods of a run.

/** Log lines of the node shown with a failure: what fits on the last screen beside the cause. */
export const FAILURE_LOG_LINES = 15

/** A request broke off: how long to wait for the news that its node has ended, to name the cause instead of the symptom. */
export const EXIT_SETTLE_MS = 500

/** Run directories made within one second get a number; more than this in one second is a defect. */
export const SAME_SECOND_RUNS_MAX = 100

/** Run directories of a state folder, the running one included; older ones are removed when a run starts. */
export const KEEP_RUNS = 20

/** Of the workflow's name in the name of its run directory. */
export const SLUG_MAX_CHARS = 40

/** Durations of one label that are kept for percentiles; beyond, every second one goes. */
export const TIMING_SAMPLES_MAX = 10_000

/** Labels of durations in one step: names may have variables in them. More are not measured. */
export const TIMING_LABELS_MAX = 100
