// Caps of the blob store.
const MIB = 1024 * 1024

/** What a blob is cut into, as in the reference node: its id depends on it, so it never changes. */
export const BLOB_CHUNK_BYTES = MIB

/** Largest blob kept, as in the reference node. A larger one is refused while it streams in. */
export const BLOB_BYTES_MAX = 1024 * MIB

/** Up to here a file is read whole (a module to compile); beyond it `bytes` refuses. */
export const BLOB_WHOLE_BYTES_MAX = 64 * MIB

/**
 * Left free on the disk, for the node's store, which needs about 100 MiB for its merges (`store/own-work.ts`): of a small disk a
 * tenth. Beyond it blobs are refused with BLOB_DISK_FULL until there is more room.
 */
export const DISK_RESERVE_BYTES = 128 * MIB
export const DISK_RESERVE_SHARE = 0.1

/** Manifests read at once while the store opens: enough to keep the disk busy, few file descriptors. */
export const OPEN_AT_ONCE = 32

/**
 * How long a blob that nothing refers to is kept after it came: an upload is named by a call that follows, and a member
 * that is away counts as absent after the same time. Then the next sweep removes it.
 */
export const UNREFERENCED_GRACE_MS = 7 * 24 * 3600 * 1000

/** How long chunks of an unfinished download are kept after the download began. Then the next sweep removes them. */
export const PARTIAL_GRACE_MS = 7 * 24 * 3600 * 1000
