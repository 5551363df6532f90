// Caps of one context's graph.

/**
 * Deltas whose parents are not here. At the cap the oldest is forgotten; it comes back with the next pull. What has counted here is
 * beside that, and stays: nobody else may have it, and there is no more of it than the graph holds anyway.
 */
export const PENDING_MAX = 10_000
/** Nodes in one block of the canonical order: the most that one insertion moves. */
export const ORDER_BLOCK_MAX = 512
