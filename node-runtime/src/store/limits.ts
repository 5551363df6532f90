// Caps of the store. None of them loses data: beyond a cap LevelDB reads or writes the disk more often.

/** LevelDB's cache of decompressed blocks. Small, because a node of many shares its machine; a miss reads the disk. */
export const BLOCK_CACHE_BYTES = 8 * 1024 * 1024

/** Log held in memory before it becomes a table file (two at most). Full: LevelDB flushes, writers wait. */
export const WRITE_BUFFER_BYTES = 4 * 1024 * 1024

/** Operations of a batch handed to LevelDB in one turn, some milliseconds. More have the next turns; they are one batch all the same. */
export const BATCH_PIECE = 1024

/** Open table files (about 2 MiB each). Many nodes share one descriptor limit. Beyond it, files are reopened. */
export const OPEN_FILES_MAX = 256

/** What one iterator reads ahead; larger entries come one at a time. */
export const READ_AHEAD_BYTES = 64 * 1024

/**
 * Left free on the disk beside what LevelDB may yet write for what it has (`own-work.ts`): its next log, its manifest, what
 * is written between two looks, what others write meanwhile. With less, writes are refused.
 */
export const DISK_RESERVE_BYTES = 16 * 1024 * 1024

/** And for a batch that only deletes, so that what has filled the disk can go. With less, it is refused, too. */
export const DISK_RESERVE_FREEING_BYTES = 8 * 1024 * 1024

/** The largest merge below level 1: LevelDB aims at 50 MiB at most. Beyond it, one on a nearly full disk may fail. */
export const COMPACTION_MAX_BYTES = 64 * 1024 * 1024

/** How much is written between two looks at the disk. */
export const DISK_LOOK_BYTES = 256 * 1024

/** How old the last look may be when a batch comes: others fill the disk, too. A look takes microseconds. */
export const DISK_LOOK_MS = 1_000

/** Before a store that could not be opened anew is tried again, the first time and where somebody reads: each try ends all guest threads. */
export const REOPEN_PAUSE_MIN_MS = 1_000

/** Pauses double up to it: so long may a node stay shut after there is room again, if nobody reads. */
export const REOPEN_PAUSE_MAX_MS = 60_000
