// Periods and caps of the step kinds. The periods are those of merobox: files were written against them.

/** After a network fault, before the next try; after the last one the fault is the failure. */
export const NETWORK_RETRY_DELAYS_MS: readonly number[] = [1_000, 2_000]

/** Tries of `call` while the application's state has not arrived; the step's own fields replace both. */
export const STATE_RETRY_ATTEMPTS = 5
export const STATE_RETRY_DELAY_SEC = 3

/** Where the step gives no delay, the same total time is used with a pause that grows from this to the delay. */
export const STATE_RETRY_FIRST_MS = 50

/** wait_for_sync, where the step says nothing. */
export const SYNC_TIMEOUT_SEC = 30
export const SYNC_INTERVAL_SEC = 0.5
export const SYNC_FIRST_INTERVAL_SEC = 0.05
export const SYNC_BACKOFF = 2

/** Added to the pause between checks, times (attempt mod 3): nodes are not asked in step with their own timers. */
export const SYNC_JITTER_MS = 100

/** Reads of one node within one check of wait_for_sync; then the node counts as not readable in this check. */
export const SYNC_READS = 3
export const SYNC_READ_PAUSE_MS = 500

/** For one answer of a node that wait_for_sync asks: a node that hangs must not use up the whole time. */
export const SYNC_REQUEST_TIMEOUT_MS = 10_000
/** For the same where the time of the step is nearly over, or is over and all nodes are looked at once more. */
export const SYNC_LAST_ANSWER_MS = 2_000

/** Event handlers that a node is asked for at once (nodes give no more), and how often: more of one context count as not settled. */
export const HANDLERS_PAGE = 1000
export const HANDLERS_PAGES_MAX = 16

/** How long a check waits for a node that it has asked to synchronise: a peer that is not reached must not hold it up. */
export const SYNC_TRIGGER_WAIT_MS = 2_000

/** How long start_node waits for the node to answer, where the step says nothing. */
export const START_READY_TIMEOUT_SEC = 30

/** Kept of what a script writes, for its variable: the last part. The live display and the record see every line. */
export const SCRIPT_OUTPUT_MAX_CHARS = 1_048_576

/** Of a line of a script's output: what goes on longer is shown in parts. */
export const SCRIPT_LINE_MAX_CHARS = 16_384

/** A variable whose text is longer is not in the environment of scripts: the system refuses larger entries. */
export const SCRIPT_VARIABLE_MAX_CHARS = 100_000

/** After SIGTERM a script has this long before it is killed. */
export const SCRIPT_KILL_GRACE_MS = 2_000

/** From the end of a script until it is said that something else still holds its output. */
export const SCRIPT_HELD_MS = 1_000

/** Of a value in the message of a wait that failed; the rest is cut, run.json has the whole. */
export const SHOWN_VALUE_MAX_CHARS = 300

/** assert_cascade_complete and assert_migration_complete, where the step says nothing. */
export const COMPLETE_TIMEOUT_SEC = 30
export const COMPLETE_POLL_SEC = 2

/** A node that joins by attestation waits for others to admit it. */
export const FLEET_JOIN_TIMEOUT_MS = 60_000

/** restart_container, where the step says nothing. */
export const RESTART_READY_TIMEOUT_SEC = 60

/** For a command on a node's data. */
export const NODE_EXEC_TIMEOUT_MS = 120_000

/** Frames shown where the awaited event did not come. */
export const SHOWN_EVENTS_MAX = 10

/** Of a log line in the message of an assertion; the log itself is in the run directory. */
export const SHOWN_LOG_LINE_MAX_CHARS = 200

/** Of the handshake of a WebSocket, where ws_connect says nothing. */
export const SOCKET_OPEN_TIMEOUT_SEC = 10

/** assert_ws_event, where the step says nothing: for each phase. */
export const EVENT_TIMEOUT_SEC = 30

/** fuzzy_test, where the step says nothing. */
export const FUZZY_SUMMARY_SEC = 60
export const FUZZY_DELAY_MS = 100
export const FUZZY_THRESHOLD = 95

/** In the message of a fuzzy test that failed: failures by operation, and the last ones of all. */
export const FUZZY_FAILURES_SHOWN = 3
export const FUZZY_LAST_SHOWN = 20

/** Different statements of an operation whose failures are told apart; those beyond are only counted. */
export const FUZZY_LABELS_MAX = 1_000

/** Why nodes do not agree: for one answer, and how much is named of each node; the rest is counted. */
export const DIAGNOSIS_TIMEOUT_MS = 2_000
export const DIAGNOSIS_ROWS_MAX = 20
/** Of the newest governance operations, of each node. Nodes of a run seldom have made more. */
export const OPERATIONS_READ_MAX = 200

/** `after: sync`, where the step says nothing; its pauses double from the first to the longest. */
export const AFTER_SYNC_SEC = 30
export const AFTER_SYNC_FIRST_MS = 10
export const AFTER_SYNC_PAUSE_MAX_MS = 250

/** A token is renewed within this, or not at all: the request that needs it waits. */
export const RENEW_TIMEOUT_MS = 15_000

/** A longer line of a log is searched in pieces: what stands across two of them is not found. */
export const LOG_LINE_MAX_CHARS = 16 * 1024 * 1024

/** Lines of a log that a pattern is looked for in at once; the next ones come after them. */
export const LOG_LINES_AT_ONCE = 10_000

/** Members that a node is asked for at once: nodes give no more. */
export const MEMBERS_PAGE = 1000
/** More than any group has, also where a node gives ten at a time; a list that goes on is a failure of the step. */
export const MEMBER_PAGES_MAX = 1000
