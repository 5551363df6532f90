// Caps of fetching and serving blobs, each with its reason.

/** Members that a blob comes from at once: a slow one must not hold the others up. */
export const BLOB_PEERS_AT_ONCE = 3
/** Chunks asked of one peer that have not come yet: the next is under way while one is checked. */
export const BLOB_CHUNKS_ASKED_MAX = 3
/** Chunks of one blob that are asked for or in memory, over all peers. Beyond it nothing more is asked for. */
export const BLOB_CHUNKS_HELD_MAX = 6
/** Blobs fetched at once; a further fetch waits for its turn. */
export const BLOB_FETCHES_MAX = 8
/** Blobs served at once, each with one chunk in memory. One more is refused as busy, and the asker tries others. */
export const BLOBS_SERVED_MAX = 32
/** Of these for one peer. */
export const BLOBS_SERVED_PEER_MAX = 4
/** Peers remembered for a wrong chunk, by blob. At the cap the oldest is forgotten and may be asked again. */
export const LIARS_MAX = 1000
/** Damaged blobs asked for with each member that connects. At the cap the oldest waits until somebody wants it. */
export const BLOBS_LOST_MAX = 256
