// Caps of the store. None of them loses data: beyond a cap LevelDB reads or writes the disk more often.

/** LevelDB's cache of decompressed blocks. Small, because a node of many shares its machine; a miss reads the disk. */
export const BLOCK_CACHE_BYTES = 8 * 1024 * 1024

/** Log held in memory before it becomes a table file (two at most). Full: LevelDB flushes, writers wait. */
export const WRITE_BUFFER_BYTES = 4 * 1024 * 1024

/** Open table files (about 2 MiB each). Many nodes share one descriptor limit. Beyond it, files are reopened. */
export const OPEN_FILES_MAX = 256

/** What one iterator reads ahead; larger entries come one at a time. */
export const READ_AHEAD_BYTES = 64 * 1024

/** Left free on the disk: LevelDB's next log, and the tables that it makes of the last ones. With less, writes are refused. */
export const DISK_RESERVE_BYTES = 16 * 1024 * 1024

/** How much is written between two looks at it. */
export const DISK_LOOK_BYTES = 256 * 1024
