// Caps of the blob store.

/** Largest blob kept: an application's code plus head room. A larger one is refused while it streams in. */
export const BLOB_BYTES_MAX = 64 * 1024 * 1024

/** What is read from disk and sent at once, so that no blob is ever whole in memory while it is served. */
export const BLOB_CHUNK_BYTES = 256 * 1024
