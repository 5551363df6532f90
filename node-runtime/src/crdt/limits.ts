// Caps of the host CRDTs. Beyond one, a call fails with CRDT_LIMIT or CRDT_ARGUMENT, and an artifact is refused whole.

/** Bytes of one artifact: what a guest may commit in one call. */
export const ARTIFACT_BYTES_MAX = 16 * 1024 * 1024

/** Elements that one artifact may change: the storage writes a guest may make in one call. */
export const FRAGMENTS_MAX = 100_000

/** Key of a map, element of a set: the storage key limit of guests. */
export const KEY_BYTES_MAX = 1024 * 1024

/** Value of a map, register or document: the storage value limit of guests. */
export const VALUE_BYTES_MAX = 10 * 1024 * 1024

/** Elements merged in one piece, about a millisecond: after each a merge may be held up for others. */
export const MERGE_PIECE = 16

/** Fragments or names read in one piece: less than a millisecond. */
export const READ_PIECE = 512

/** Text inserted at once: as many bytes as the characters that one call may insert can have. */
export const TEXT_RUN_BYTES_MAX = 4 * FRAGMENTS_MAX

/** Writers of a shared storage: every write to it carries their ids. */
export const SHARED_WRITERS_MAX = 64

/** What one iteration hands to a guest: the size of a register. */
export const ITER_BYTES_MAX = 100 * 1024 * 1024

/**
 * How far, in ns (about 4 s), a stamp inside an artifact may lie above the HLC of its delta. Stamps start at the HLC and
 * grow by one a write, so honest ones stay far below; without a bound one write could freeze a key for ever.
 */
export const STAMP_LEAD_MAX = 1n << 32n

/** Longer element keys enter the index as their beginning and their hash, which bounds the depth of the index. */
export const INDEX_KEY_BYTES_MAX = 64
