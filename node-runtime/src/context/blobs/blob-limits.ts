// Caps of what contexts do with blobs.

/** How often blobs that nothing refers to are looked for. Far below the grace time they have. */
export const BLOB_SWEEP_MS = 3600 * 1000
