// Caps of a simulated run, in true time of the run. At each of them the run ends with what it has.

/** After the last fault, for everything to come to rest: parked deltas are looked at every minute. */
export const SETTLE_MS = 240_000
/** Passed at once: a world that passes more takes itself for stuck. */
export const PASS_MS = 500_000
/** Nothing has changed for this long: several heartbeats and the first retries of a handler. Who differs is no rest at all. */
export const QUIET_MS = 6_000
/** How far the generator sets a clock wrong. */
export const SKEW_MAX_MS = 300_000
/** How often heads are sampled on every node. */
export const SAMPLE_MS = 400
/** How often it is looked whether all is at rest, once the faults are over. */
export const LOOK_MS = 1000
/** The pause of a late joiner, and of a node that died while it started, before the next attempt. */
export const RETRY_MS = 2000
/** A run that takes longer than this, of true time out here, does not end: a seed takes a few seconds on a busy machine. */
export const HANG_MS = 300_000
/** The latest that anything in a scenario may happen: the longest of the generated ones end after thirteen minutes. */
export const SCENARIO_MS_MAX = 3_600_000
/** Problems of a scenario that its refusal names; the others are counted. */
export const PROBLEMS_NAMED_MAX = 3
/** Between two lines for who watches, of true time out here. */
export const PROGRESS_EVERY_MS = 10_000
