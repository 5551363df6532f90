// Caps of the HTTP client.

/** Until the headers of a reply have arrived. Joining waits on other nodes for seconds; 30 s is what merobox waits. */
export const HEADERS_TIMEOUT_MS = 30_000

/** From the headers to the last byte of a JSON reply. */
export const BODY_TIMEOUT_MS = 30_000

/** A longer JSON reply fails the request (REPLY): nothing a workflow reads is near it, and it would be held in memory. */
export const REPLY_MAX_BYTES = 16 * 1024 * 1024

/** Of the node's own words in an error message; the whole is in `data.detail`, itself cut at ERROR_DETAIL_MAX_CHARS. */
export const ERROR_MESSAGE_MAX_CHARS = 300

/** A longer error reply is cut. */
export const ERROR_DETAIL_MAX_CHARS = 65_536

/** From the headers to the last byte of a blob, and for sending one: long enough for gigabytes on a slow disk. */
export const BLOB_TIMEOUT_MS = 600_000

/** Until a WebSocket is open, where the caller says nothing. */
export const SOCKET_TIMEOUT_MS = 10_000

/** Frames that wait to be read; beyond it the connection is given up, as events would be missing. */
export const SOCKET_FRAMES_MAX = 10_000
