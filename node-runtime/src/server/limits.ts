// Caps of the HTTP server.

/** JSON bodies, as in the reference node; a larger one is answered 413. */
export const JSON_BODY_BYTES_MAX = 2 * 1024 * 1024

/** The same of /auth and /admin. */
export const AUTH_BODY_BYTES_MAX = 1024 * 1024

/**
 * Of routes that need no token, 413 beyond: a pair of tokens, the longest of these, has less, as each fits into a header. It is
 * looked over at once (JSON_STEP_BYTES), so strangers do not stand in line with others; of all connections it is 320 MiB.
 */
export const PUBLIC_BODY_BYTES_MAX = 32 * 1024

/** Of bodies and messages of WebSockets under way, of all and of one key. One more is answered 503, or its WebSocket closed (1013). */
export const HELD_BYTES_MAX = 512 * 1024 * 1024
export const HELD_BYTES_PER_KEY_MAX = 128 * 1024 * 1024

/** Of JSON, as in the reference node; refused with 400. What looks at it then may be recursive. */
export const JSON_DEPTH_MAX = 128

/**
 * Values and keys of a JSON body, the arguments of a call not counted: of those nothing is made here. Refused with 400 before
 * anything is made. Lists of bytes come as numbers, and each route says how many of those it takes beside.
 */
export const JSON_VALUES_MAX = 10_000
/** What an integer beyond 2^53 counts: it is made here, and not by the engine. */
export const JSON_INTEGER_WEIGHT = 10
/** Of JSON that is looked over before others have their turn: at most some 0.5 ms. */
export const JSON_STEP_BYTES = 32 * 1024
/** Longer bodies than that, waiting to be looked over; one more is refused with 503. */
export const JSON_WAITING_MAX = 64
/** The same of one key. */
export const JSON_WAITING_PER_KEY_MAX = 16

/** Of a refused header, shown in the refusal. */
export const HEADER_SHOWN_MAX = 100

/** Of what the framework says of a path that it cannot read. The rest is cut off. */
export const MESSAGE_CHARS_MAX = 200

/** How long a request may take to arrive whole. Then the connection ends. */
export const REQUEST_RECEIVE_MS = 30_000

/** The same for an upload, which is written to disk as it comes. As long as the reference takes for an archive. */
export const UPLOAD_RECEIVE_MS = 300_000

/**
 * Connections of one listener, those that wait included. For one more that is ended which has waited longest for a
 * request, else one whose request has not come whole, else one whose answer is not read; where all are at work, the new one is answered 503. An idle
 * one takes some 10 KB.
 */
export const CONNECTIONS_MAX = 10_000
/**
 * Of an answer nothing may have left for so long before its connection is ended, as of a request nothing may have come before it
 * gives way; and how often that is looked for.
 */
export const ANSWER_STANDS_MS = 30_000
export const ANSWER_LOOK_MS = 1_000
/** Downloads under way, of all and of one key: some 2.5 MB and an open file each, where nothing is read. One more is answered 503. */
export const DOWNLOADS_MAX = 64
export const DOWNLOADS_PER_KEY_MAX = 16
/** Of those whose requests still come, looked at for one that stands still. Where so many flow, the one that came first goes. */
export const UNFINISHED_LOOKS_MAX = 64

/**
 * Requests of one connection that wait until the ones before them are answered; one more is answered 503 in its turn, and is
 * the last. Who has sent as many behind that is cut off: some 3 KB each.
 */
export const REQUESTS_WAITING_MAX = 16

/** Who asks for the figures of the node earlier again gets the same ones: strangers may ask, and they take milliseconds. */
export const METRICS_AGE_MS = 1_000

/** How often connections are ended whose time is over: the more often, the fewer at once. The others are not looked at. */
export const CONNECTIONS_CHECK_MS = 100

/** How long a connection that is refused may take to read why. What it sends meanwhile is read away. */
export const LINGER_MS = 1_000

/**
 * Bodies from this length on are looked after while they come, so often and so many at once; of so many bytes the garbage is
 * collected, which takes 1 ms, and so a twentieth of a processor where bytes come as fast as can be.
 */
export const LARGE_BODY_BYTES = 64 * 1024
export const BODY_GARBAGE_LOOK_MS = 20
export const BODY_GARBAGE_LOOKS_MAX = 256
export const BODY_GARBAGE_BYTES = 4 * 1024 * 1024

/**
 * A node that stops has answered everybody when for so long nobody is connected who has not asked. Who is, and asks nothing for
 * the longer one, is cut off.
 */
export const SETTLED_MS = 25
export const SETTLING_MS_MAX = 250

/** Connections kept idle between requests. */
export const KEEP_ALIVE_MS = 10_000

/** Lists: the default page, and the most that one page may have. */
export const PAGE_DEFAULT = 100
export const PAGE_MAX = 1000
export const OFFSET_MAX = 100_000

/** Invitations without a lifetime of their own live a year. */
export const INVITATION_LIFETIME_SEC = 365 * 24 * 3600
/** No longer, so that its end is an exact number for every client. Refused with 400. */
export const INVITATION_LIFETIME_SEC_MAX = 1000 * INVITATION_LIFETIME_SEC

/** How long a join of a context waits for the namespace log to name it, before it is a 404. */
export const CONTEXT_KNOWN_WAIT_MS = 5_000

/** How long running requests may go on when the node stops. Then they are answered 503. */
export const DRAIN_MS = 1_500

/** How long those answers, and streams that still flow, have after that. Then every connection is cut off. */
export const CUT_OFF_MS = 1_000

/** Problems of one request that its refusal names; the others are only counted. */
export const PROBLEMS_NAMED_MAX = 3

/**
 * Problems that are looked for in one request, those of all alternatives of unions counted: six kinds of an action have some 12.
 * Beyond, nothing is said of a union that was not looked at to its end, and that there are more is.
 */
export const PROBLEMS_FOUND_MAX = 512

/** Fields of requests, as in the reference node; one over it is refused with 400. All of them fit into an operation. */
export const PATH_BYTES_MAX = 4096
export const METADATA_BYTES_MAX = 64 * 1024
export const PACKAGE_BYTES_MAX = 128
export const VERSION_BYTES_MAX = 64
export const NAME_BYTES_MAX = 64
export const INIT_PARAMS_BYTES_MAX = 1024 * 1024

/** Of one kind; one more is refused with 409. A list is one answer, and creating looks at all of them. */
export const ALIASES_MAX = 10_000
/** Of all kinds and contexts together: those of identities are counted by context, and there may be many. */
export const ALIASES_ALL_MAX = 50_000
/** Changes of aliases that wait for each other; one more is refused with 503. */
export const ALIAS_QUEUE_MAX = 1_000
/** As in the reference node; refused with 400. */
export const ALIAS_CHARS_MAX = 50

/** Of an invitation in one text; what we write has some 1,000. Refused with 400: base58 takes quadratic time. */
export const PAYLOAD_CHARS_MAX = 4096

/** Grants in one request of older clients, an operation each; refused with 400. */
export const GRANTS_MAX = 100

/** Members in one request, an operation each; refused with 400. */
export const MEMBERS_MAX = 100

/** Metadata records, as in the reference node; refused with 400. All of them fit into an operation. */
export const METADATA_FIELDS_MAX = 64
export const METADATA_KEY_BYTES_MAX = 64
export const METADATA_VALUE_BYTES_MAX = 4096

/** Proofs of ownership, as in the reference node: texts are refused with 400, a later end is brought forward. */
export const PROOF_AUDIENCE_BYTES_MAX = 256
export const PROOF_SUBJECT_BYTES_MAX = 512
export const PROOF_LIFETIME_MS = 5 * 60 * 1000

/** Downloads of applications, as in the reference node. Beyond them the download ends, and the install is refused. */
export const DOWNLOAD_BYTES_MAX = 512 * 1024 * 1024
export const DOWNLOAD_CONNECT_MS = 15_000
export const DOWNLOAD_MS = 300_000
export const REDIRECTS_MAX = 10
export const URL_CHARS_MAX = 2048

/** Checks after which a schema is compiled: more than a start or a workflow's own requests make. */
export const COMPILED_AFTER_CHECKS = 100
