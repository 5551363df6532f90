// Caps of the state storage.

/** Decoded trie nodes kept per context, about 2 KiB each. At the cap the least recently used is read again from the store. */
export const NODE_CACHE_MAX = 1024

/** Rows deleted in one batch by the sweep of an orphan generation: a crash between two batches costs nothing. */
export const SWEEP_BATCH_ROWS = 1000

/** Of a generation that was swept, in bytes: of so many the disk gets the room back at once; of fewer LevelDB gives it back some day. */
export const COMPACT_BYTES_MIN = 4 * 1024 * 1024

/** Entries written, hashed or encoded in one piece, one to two milliseconds: after each the work may be held up for others. */
export const STATE_PIECE = 128

/** Bytes of one encoded undo record that `decodeUndo` reads: a call's writes (128 MiB) replaced, twice over. More is refused. */
export const UNDO_BYTES_MAX = 256 * 1024 * 1024
