// Caps of fetching and serving blobs, each with its reason.

/** Members that a blob comes from at once: a slow one must not hold the others up. */
export const BLOB_PEERS_AT_ONCE = 3
/** Chunks asked of one peer that have not come yet: the next is under way while one is checked. */
export const BLOB_CHUNKS_ASKED_MAX = 3
/** Chunks of one blob that are asked for or in memory, over all peers. Beyond it nothing more is asked for. */
export const BLOB_CHUNKS_HELD_MAX = 6
/** Blobs fetched at once; a further fetch waits for its turn. */
export const BLOB_FETCHES_MAX = 8
/** Fetches that wait for a place: each is a wish of a client, a guest or a context. One more is refused. */
export const BLOB_FETCHES_WAITING_MAX = 1024
/** Of the places that get free, each of so many goes to who has waited for longest, however long its turn may be. */
export const BLOB_LONGEST_WAITING_EVERY = 4
/**
 * The first turn of a fetch, and how often it is looked at whether one is to give way. Each turn is twice as long as the one before,
 * up to an hour.
 */
export const BLOB_TURN_MS = 60_000
export const BLOB_TURN_LOOKS_MAX = 64
/** Downloads of one address that are kept while none is proven to be its blob. Of more those go whose senders kept us longest. */
export const UNPROVEN_MAX = 3
/** Addresses of which that is known. Of the oldest beyond them what came is left to the sweep of the store. */
export const UNPROVEN_ADDRESSES_MAX = 256
/** Blobs served at once, each with one chunk in memory. One more is refused as busy, and the asker tries others. */
export const BLOBS_SERVED_MAX = 32
/** Of these for one peer. */
export const BLOBS_SERVED_PEER_MAX = 4
/** Peers remembered for a wrong chunk, by blob. At the cap the oldest is forgotten and may be asked again. */
export const LIARS_MAX = 1000
/** Damaged blobs asked for with each member that connects. At the cap the oldest waits until somebody wants it. */
export const BLOBS_LOST_MAX = 256
