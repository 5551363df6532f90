// Caps of the auth room, each with its reason and what happens at the cap.

/** How long tokens live, where the config says nothing. As in the reference. */
export const ACCESS_SEC = 3_600
export const REFRESH_SEC = 30 * 24 * 3_600

/** Clocks of client and node may differ by this: an access token is taken so long after its end. */
export const LEEWAY_SEC = 60
/** A pair may be renewed from so long before the end of its access token; earlier is refused. */
export const EARLY_REFRESH_SEC = 60

/** A longer token is refused before anything of it is read. Ours have some 700 characters and 30 for each permission. */
export const TOKEN_CHARS_MAX = 8_192

/** Access tokens remembered as good, of which keys and logins are looked at all the same. At the cap the oldest is forgotten. */
export const VERIFIED_TOKENS_MAX = 1_000

/** A secret signs for so long; then the next token brings a new one. */
export const SIGNING_ROTATION_MS = 30 * 24 * 3_600_000
/** Secrets kept. One more drops the oldest, and with it the tokens that it signed. Only rotations by hand get there. */
export const SIGNING_SECRETS_MAX = 16

/** Keys. One more is refused: an administrator made them all, and may delete some. */
export const ROOT_KEYS_MAX = 1_000
/** One more drops the oldest that is revoked, or else is refused. */
export const CLIENT_KEYS_MAX = 10_000
/** Logins of one key that are alive at once. One more ends the oldest. */
export const SESSIONS_PER_KEY_MAX = 1_000
/** How often what has expired is swept away, at most: sweeping reads all of it. */
export const SWEEP_MS = 3_600_000

/** Changes of keys and sessions that wait for the store. One more is refused with AUTH_BUSY. */
export const WRITES_WAITING_MAX = 256

/** Permissions of one key, characters of each and of all. More are refused: tokens carry them, and headers carry those. */
export const PERMISSIONS_MAX = 64
export const PERMISSION_CHARS_MAX = 512
export const PERMISSIONS_CHARS_MAX = 4_096

/**
 * Failures of one account from one address, of all accounts that have never logged in from an address, and of one account
 * from all addresses that it has never logged in from, within the window. The next try is refused unread, and does not count: who is wrong for ever shuts out
 * nobody for ever.
 */
export const FAILURES_PER_ACCOUNT = 5
export const FAILURES_PER_ADDRESS = 30
export const FAILURES_PER_ACCOUNT_ANYWHERE = 60
export const FAILURE_WINDOW_MS = 60_000
/** What is being checked counts as failed till then; who is refused for that alone comes again so soon. */
export const CHECKED_WITHIN_SEC = 1
/** Accounts and addresses whose failures are remembered. At the cap the one that failed longest ago is forgotten. */
export const FAILING_MAX = 100_000
/** Accounts with addresses they have logged in from. At the cap the one that did so longest ago is forgotten. */
export const KNOWN_MAX = 10_000
/** Of a name that is told apart; names that begin alike count as one. */
export const ACCOUNT_CHARS_MAX = 256

/** What scrypt costs: 32 MiB and some 0.4 s of a slow core, the least that is advised today. Each hash keeps its own figures; a login brings an old one up to these. */
export const SCRYPT = { cost: 2 ** 15, blockSize: 8, parallelization: 3 } as const
/** A stored hash that asks for more memory than this is damaged or planted: refused. */
export const SCRYPT_MEMORY_MAX = 256 * 1024 * 1024
/** Hashes computed at once: each takes a processor, of which small machines have two, and memory. */
export const HASHES_AT_ONCE = 1
/** How much lower than the node's is the priority of the thread that computes them: a quarter of a processor that one other wants, all of one that nobody does. */
export const HASH_NICENESS = 5
export const NICENESS_MAX = 19
/** That thread has 20 MB. When nobody has asked for so long it ends. */
export const HASH_THREAD_IDLE_MS = 5_000
/**
 * Logins that wait for that: some 13 s, on a busy machine four times as long. One more takes a place of the address that has most of them, or else is refused with
 * AUTH_BUSY. Apart from them, as many of accounts that have logged in from where they come.
 */
export const HASHES_WAITING_MAX = 32
export const HASHES_KNOWN_WAITING_MAX = 32

export const PASSWORD_CHARS_MIN = 8
export const PASSWORD_CHARS_MAX = 128
export const USERNAME_CHARS_MAX = 256

/** A challenge to a wallet is good for this long, once. */
export const CHALLENGE_MS = 5 * 60_000
/** Challenges that were answered and have not expired. At the cap no login by signature succeeds: AUTH_BUSY. */
export const SPENT_CHALLENGES_MAX = 100_000
