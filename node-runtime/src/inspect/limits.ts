// Caps of looking at a data directory: its size does not decide how much memory that takes.

/** Pairs of hashes (64 bytes) of one pass over a state; more entries take 16 passes, each over a sixteenth. */
export const PASS_ENTRIES_MAX = 500_000

/** Findings that are shown; all are counted. */
export const FINDINGS_SHOWN_MAX = 200

/** Rows of each kind that `inspect --context` lists, unless it is told another number. */
export const LISTED_ROWS = 20

/** Rows that one batch of a repair removes. A crash between batches leaves a repair that can be repeated. */
export const REPAIR_BATCH_ROWS = 500

/** Ids that one reading of the set of held ids looks up. */
export const HELD_BATCH_IDS = 500
