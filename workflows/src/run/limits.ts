// Caps and periods of a run.

/** Log lines of the node shown with a failure: what fits on the last screen beside the cause. */
export const FAILURE_LOG_LINES = 15

/** A request broke off: how long to wait for the news that its node has ended, to name the cause instead of the symptom. */
export const EXIT_SETTLE_MS = 500

/** The look at every node after the last step: how long one may take to answer, and how long the news of its end may take
 * where nobody answers at its address any more. Nothing comes after it that could still notice. */
export const LAST_LOOK_TIMEOUT_MS = 2000
export const LAST_LOOK_SETTLE_MS = 5000

/** Run directories made within one second get a number; more than this in one second is a defect. */
export const SAME_SECOND_RUNS_MAX = 100

/** Run directories of a state folder, the running one included; older ones are removed when a run starts. */
export const KEEP_RUNS = 20

/** Of the workflow's name in the name of its run directory. */
export const SLUG_MAX_CHARS = 40

/** Steps that wait for nothing run so long before timers, signals and sockets get a turn. */
export const UNINTERRUPTED_MAX_MS = 5

/** Durations of one label that are kept for percentiles; beyond, every second one goes. */
export const TIMING_SAMPLES_MAX = 10_000

/** Labels of durations in one step: names may have variables in them. More are not measured. */
export const TIMING_LABELS_MAX = 100

/** `eventually`, where the step says nothing: how long, and the longest pause between two checks. */
export const EVENTUALLY_WITHIN_SEC = 30
export const EVENTUALLY_EVERY_SEC = 0.5

/** What a look at the end of its time may still take. */
export const EVENTUALLY_LAST_MS = 1000

/** Its first pause, which doubles up to the longest: most of what is waited for comes within milliseconds. */
export const EVENTUALLY_FIRST_SEC = 0.05

/** Of `retry`: however much its pauses grow. */
export const RETRY_PAUSE_MAX_SEC = 3_600

/** Different failures of the tries of a step that are told apart, and how much of each is shown; the rest is left out. */
export const SEEN_FAILURES_MAX = 4
export const SEEN_FAILURE_MAX_CHARS = 200

/** Writes of one node in one context that went on beside each other, which `after: sync` asks for one by one; beyond, it waits
 * for the whole state of that node. */
export const WRITES_BESIDE_MAX = 64

/** Of an entry of `for_each` in the name of its step. */
export const ENTRY_MAX_CHARS = 40

/** Of a reply in the message of a failed `expect`; run.json has more of it. */
export const SHOWN_REPLY_MAX_CHARS = 500

/** Acknowledged writes of a run that are looked for at its end, at most: of more, every second one; each is a request of 1 ms. */
export const HISTORY_WRITES_MAX = 256

/** Contexts whose states are compared at the end of a run; the last ones. */
export const HISTORY_CONTEXTS_MAX = 32

/** Handlers that were given up, of all nodes and contexts together, and how much of the error of each; where there are others is told. */
export const HISTORY_GIVEN_UP_MAX = 20
export const HISTORY_ERROR_MAX_CHARS = 200

/** A node that answers later is left out of the check. */
export const HISTORY_REQUEST_TIMEOUT_MS = 2000

/** How often, and how long after each other, nodes are seen to differ before they do: deltas and governance may still be on their
 * way. A run that ends with nodes apart ends so much later. */
export const HISTORY_LOOKS = 10
export const HISTORY_PAUSE_MS = 500

/** Contexts of which it is found out why nodes are apart, and how much is said of each: most have the same cause. */
export const HISTORY_DIAGNOSED_MAX = 4
export const HISTORY_WHY_LINES_MAX = 20
/** Entries of two states that are named in a failure, and characters of each: the nodes tell all that they have found. */
export const HISTORY_ENTRIES_MAX = 8
export const HISTORY_ENTRY_MAX_CHARS = 120

/** Writes that are gone, said with the failure, or void, said with the warning; all are in run.json. */
export const HISTORY_GONE_SHOWN_MAX = 5

/** What a step may open before the one before it runs is waited for so long; a node that is cut off has no say in more. */
export const HEAD_START_MS = 1000

/** A secret that is shorter is left out by the name of its variable only: such texts are in everything. */
export const SECRET_MIN_CHARS = 4

/** One that is shorter is only looked for as a word of its own. */
export const SECRET_WORD_CHARS = 8

/** Of one at least twice as long, so much is enough to be found: messages cut what is long. */
export const SECRET_HEAD_CHARS = 24

/** Of one that is cut off by the mark of a cut, so much of its beginning is enough; less of it says nothing. */
export const SECRET_CUT_MIN_CHARS = 3

/** Lines of one that are looked for by themselves; shorter ones are braces and words. */
export const SECRET_LINE_CHARS = 12

/** Texts looked for; the oldest are forgotten then, which are tokens of logins that were repeated. */
export const SECRET_TEXTS_MAX = 1_000
