// Caps of what is pushed to clients. A client that does not read is told why and cut off: it never makes memory grow.

/** What waits to be written to one client. Then it is dropped as too slow. One event alone may be longer. */
export const OUTBOUND_BYTES_MAX = 1024 * 1024

/**
 * Members in contexts whose latest presence waits to be sent to one client: some 4 MiB beside what all clients share.
 * Beyond it what waits longest is not sent. So many bytes of it are made text at once, while the client reads.
 */
export const UNSENT_PRESENCE_MAX = 16_384
export const PRESENCE_PAGE_BYTES = 256 * 1024

/**
 * One message of a client, as in the reference node, and all of them together that are worked on at once: beyond it no more
 * are read. A longer one closes the connection (1009).
 */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** How long a message may take to come whole, as a request may. Then its connection is closed (1008). */
export const MESSAGE_WITHIN_MS = 30_000

/** Messages of one connection that are worked on at once, as in the reference node. The next ones are not read till then. */
export const MESSAGES_AT_ONCE = 32

/** Connections of one kind at once. One more is answered 503. */
export const STREAMS_MAX = 4096
/** WebSockets of one key. One more is answered 503. */
export const SOCKETS_PER_KEY_MAX = 1024

/** Contexts and groups that one client watches. More are refused. */
export const TOPICS_MAX = 1024

/** How often a connection is asked whether it is there, and how long it may take to say so (1002). */
export const PING_EVERY_MS = 30_000
export const PONG_WITHIN_MS = 10_000

/** How long a client may take to answer a close before its connection is cut off. */
export const CLOSE_WITHIN_MS = 1_000

/** A comment line on every stream of events, so that nothing between takes it for dead. */
export const COMMENT_EVERY_MS = 15_000

/**
 * How long a session without a connection is kept, and how many, of all and of one key: the one that was left first goes
 * first. Where all are connected one more is answered 503.
 */
export const SESSION_KEPT_MS = 24 * 3600 * 1000
export const SESSIONS_MAX = 4096
export const SESSIONS_PER_KEY_MAX = 1024

/**
 * The newest events of a session, sent again to who says which one it saw last. Beyond any of these the oldest are
 * forgotten: of the session, of the key whose session it is, or of all. The first alone would be 2 GiB.
 */
export const REPLAY_EVENTS_MAX = 256
export const REPLAY_BYTES_MAX = 512 * 1024
export const REPLAY_BYTES_PER_KEY_MAX = 8 * 1024 * 1024
export const REPLAY_BYTES_MAX_OVERALL = 64 * 1024 * 1024

/** How often who is connected is asked again whether it may be. A change of keys asks at once. */
export const ASKED_AGAIN_MS = 60_000

/** How soon a client opens a broken stream again: `retry` of the stream. */
export const RETRY_MS = 3_000
