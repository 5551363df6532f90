// Caps of the context layer, each with its reason and what happens at the cap.

/** Tasks that wait for one context, and calls that do. One over it is refused with CONTEXT_BUSY. */
export const CONTEXT_QUEUE_MAX = 4096

/** Instances of a context that a call tries where each one ended before its turn: a disk that is full ends one with each write. */
export const CALL_INSTANCES_MAX = 16

/** Calls that share a turn of their context: a run of the guest, a batch, a frame. More have the next turn. */
export const CALL_GROUP_MAX = 64
/** And the bytes of what they are given, and of the artifacts in one batch, except that one call always goes. */
export const CALL_GROUP_BYTES = 1024 * 1024
/** Of a group no further call begins after so long: arrivals and removals wait no longer than that and one call. */
export const CALL_GROUP_MS = 20
/** A call that has ended is written so much later, if others of its group are still running. */
export const CALL_FLUSH_MS = 5

/** Deltas that one arrival completes in the graph in one go, which takes some microseconds each. */
export const COMPLETED_MAX = 512
/** Deltas applied in one store batch. More continue in the next batch, after the event loop has had its turn. */
export const APPLY_BATCH_MAX = 100
/**
 * And of their sealed bytes, and of what they write to the state with the records that take it back, except that one delta always
 * goes: a batch is in memory several times over.
 */
export const APPLY_BATCH_BYTES = 8 * 1024 * 1024
/**
 * And rows of the state that they change, except that one delta is always whole: 100 long texts, of a few bytes a character, are
 * millions, each in memory several times over.
 */
export const APPLY_BATCH_ROWS = 50_000

/** How long the marker of a delta that was gossiped waits for a batch to leave the store with. */
export const MARKERS_KEPT_MS = 1_000

/** Deltas taken back or applied in one batch when they are judged again after a removal, or brought beneath a cut. More go in further batches. */
export const REVISION_MAX = 200

/** Deltas verified, opened, merged or undone before the event loop has its turn. */
export const TURN_COST = 64
/** And the time they may take: where that is fewer deltas, a request still waits no longer for its turn. */
export const TURN_MS = 4
/** Bytes that count as one more delta there: large ones take as long as several. */
export const TURN_COST_BYTES = 64 * 1024

/** Characters of one line of a guest that are logged; the rest is left out. A guest is limited to 1024 lines a run. */
export const GUEST_LINE_CHARS = 2_000

/** What is shown for the moment is said again so often, and forgotten when it was not for so long: as in the reference. */
export const PRESENCE_AGAIN_MS = 2_500
export const PRESENCE_GONE_MS = 7_000
/** A member says something new so often at most: a frame of what people see. What it shows meanwhile waits; the latest counts. */
export const PRESENCE_SAY_MS = 50
/** What is taken of one member beyond that pace, for what comes in a heap. More is not taken: it is said again soon. */
export const PRESENCE_BURST = 40
/** What was said on a clock this far from ours is not taken: it may be a recording. As in the reference. */
export const PRESENCE_CLOCKS_MS = 7_000
/** How often it is looked what is to be said again or forgotten, while there is anything. */
export const PRESENCE_LOOK_MS = 500
/** Members whose presence in one context is held: 8 MiB at most. Beyond it the one heard of longest ago gives way. */
export const PRESENCE_AUTHORS_MAX = 512

/** How deep handlers may cause handlers. Deeper ones go to the dead letters, so that no loop runs for ever. */
export const HANDLER_DEPTH_MAX = 8

/** Failed attempts of a handler before it becomes a dead letter. */
export const HANDLER_ATTEMPTS_MAX = 5

/** Wait before the n-th retry of a handler: doubled each time, from the first to the last. */
export const HANDLER_RETRY_FIRST_MS = 200
export const HANDLER_RETRY_LAST_MS = 30_000

/** Dead letters of one context. At the cap the one of the oldest delta is dropped and counted: somebody has to look. */
export const DEAD_LETTERS_MAX = 10_000

/** Handler rows read from the store at once. */
export const HANDLER_PAGE = 64
/** How long the queue rests for each page of handlers that are still to wait: it reads them all at each look. */
export const HANDLER_PAGE_REST_MS = 10

/** Calls to other contexts that lead to calls to other contexts, in a row. Deeper ones are denied. As in the reference. */
export const XCALL_HOPS_MAX = 3
/** Calls of one context to others that are still to be made. A call that asks for more fails with CONTEXT_BUSY. */
export const XCALLS_WAITING_MAX = 4096
/** Attempts of one that cannot be made now: 50 seconds, in which a key or a state comes. Then it is given up. */
export const XCALL_ATTEMPTS_MAX = 9
/** Wait before the second attempt; doubled each time. */
export const XCALL_RETRY_MS = 200
/** Rows of them read from the store at once. */
export const XCALL_PAGE = 64

/** Parked deltas looked at in one task of the queue; calls come between two pages. */
export const PARKED_PAGE = 100
/** And their bytes, except that one delta always goes. */
export const PARKED_PAGE_BYTES = 8 * 1024 * 1024
/** Between what two members say of a removal: the second has mostly nothing to add then. And the longest wait. */
export const WITNESS_STEP_MS = 500
export const WITNESS_LAST_MS = 30_000
/**
 * What was accepted from removed members and has been said is kept, to be said again should what others said of it be void: of so
 * many removals of a context, and each where its heads are few, as those of honest members are. The rest is said once.
 */
export const HEARD_KEPT_MAX = 1024
export const HEARD_HEADS_KEPT_MAX = 64
/** Lists of pinned heads whose pasts are marked in memory, a bit each for each delta. With one more all are marked anew. */
export const PAST_LISTS_MAX = 1024
/** Parked deltas of one context. At the cap the oldest is forgotten; pulling brings it back. */
export const PARKED_MAX = 10_000
/** And of their bytes in the store: strangers can make a node park what it cannot judge yet. */
export const PARKED_BYTES_MAX = 256 * 1024 * 1024

/** What waits in memory is swept so often; what waited longer than `AGED_AFTER_MS` is in the store only from then on. */
export const SWEEP_MS = 60_000
export const AGED_AFTER_MS = 300_000
/** Of these, by number and bytes: then the oldest is forgotten and counted; not held here, it comes with a pull again. */
export const AGED_MAX = 20_000
export const AGED_BYTES_MAX = 256 * 1024 * 1024
/** Aged deltas that leave or enter memory in one batch. */
export const AGED_PAGE = 200
/** Sweeps after which all that is aged is looked at again, whatever it waits for: an hour. */
export const AGED_LOOK_SWEEPS = 60

/** Where no key of a group fits any more one of its writers makes one so much later: by then who removed somebody has, or who writes. */
export const KEY_MAKE_AFTER_MS = 5_000

/** How long a writer waits for a key that the log names and nobody brings. Then it makes a new one. */
export const KEY_LOST_MS = 30_000

/**
 * How long a context says nothing of itself while something that counted here cannot be applied again: some tries. Where it never can
 * be, members would wait for ever to hear of all the rest.
 */
export const LACKING_HELD_MS = 300_000

/** How long an API call waits for a joiner's key, application and state before it says what is missing. */
export const JOIN_WAIT_MS = 20_000

/** How often a join that is not complete looks again, besides being woken by what it waits for. */
export const JOIN_RETRY_MS = 250

/** Modules whose code stays in memory between calls; the one loaded first makes room. */
export const MODULES_IN_MEMORY_MAX = 32

/** Blobs that were found to be no application, and why: not unpacked or compiled again. The one refused first is forgotten. */
export const REFUSED_CODE_MAX = 256

/** Batches of operations that wait for one namespace. One more is refused; gossip and sync bring it again. */
export const NAMESPACE_QUEUE_MAX = 1024

/** The longest pause between two looks of a join that is not complete. */
export const JOIN_RETRY_LAST_MS = 5000

/**
 * How long a join waits for the code of an application, or for a context, before it looks at what else there is, and how long while
 * something else of the namespace is late: that goes on coming behind.
 */
export const JOIN_PART_WAIT_MS = 10_000
export const JOIN_PART_LATE_WAIT_MS = 1000
/** Contexts of a namespace that come at the same time; further ones wait for their turn. More would share a slow link. */
export const JOIN_CONTEXTS_AT_ONCE_MAX = 2
/** Beside these, of those that somebody here has asked for: what nobody waits for keeps no place from them. With those, fewer than a member serves. */
export const JOIN_ASKED_AT_ONCE_MAX = 4

/** Entries of a base written in one batch while it streams in, or is made. */
export const BASE_BATCH_ENTRIES = 1000

/** How long joining a namespace waits for the contexts that come with it; the rest comes behind. */
export const JOIN_CONTEXTS_WAIT_MS = 5000

/** How often an API call that waits for a join looks whether the state is here. */
export const JOIN_PROBE_MS = 25

/** Nodes of the set of held ids that stay decoded, some 5 KiB each: those of the newest stamps, which every pull reads. More are decoded again. */
export const HELD_DECODED_MAX = 32
/** Ids put into the set of held ids in one batch, where it is made anew from the rows. */
export const HELD_REBUILD_BATCH = 5000

/** Ids of refused deltas kept in memory, so that no peer is asked for them again. Then the oldest is fetched once more. */
export const REFUSED_REMEMBERED_MAX = 10_000

/** How far a peer's stamp may be ahead of our clock: twice the skew that clocks of a network may have. */
export const FUTURE_MAX_MS = 10 * 60 * 1000

/**
 * How often deltas are looked at again that are stamped far ahead, or that took this machine too long to apply; an own one that cannot
 * be written again is tried so often in the end.
 */
export const RECONSIDER_MS = 60_000

/** How long a context whose write failed is left alone before it is read again, unless a caller wants it sooner. */
export const REOPEN_MS = 1000

/** A failure of a context is told again as an error where it was not met for so long: rounds of sync write far more often. */
export const FAILING_QUIET_MS = 60_000

/** Causes of failures that are remembered; of more the one met longest ago is told anew. */
export const FAILING_CAUSES_MAX = 1_000

/** How long an attested node asks to be let in before it says what stood in the way. */
export const ADMISSION_WAIT_MS = 30_000
/** Between two rounds of asking. */
export const ADMISSION_RETRY_MS = 1000
/** An attestation must be made within this time of the challenge, or twice as long at most. Then one asks anew. */
export const CHALLENGE_MS = 60_000

/** How often our joining may be refused before the refusal is taken for final: the log may have come by half. */
export const JOIN_REFUSALS_MAX = 3

/** How long a member that is to be added may be unknown here: it has just joined, and the log is on its way. */
export const MEMBER_KNOWN_WAIT_MS = 5_000

/** How long a call waits for a key that is on its way to a member who was just added; then it is refused for now. */
export const KEY_COMING_WAIT_MS = 1_500

/** The longest pause between two looks for a key that nobody has given yet, while nothing else is lacking. */
export const KEY_RETRY_LAST_MS = 60_000

/** A member not heard of for this long does not keep others from pruning: when it returns, it takes a snapshot. */
export const ABSENT_MS = 7 * 24 * 60 * 60 * 1000
/** As long the state of a context stays here that its namespace has given up: what gave it up may turn out void. */
export const GONE_KEPT_MS = 7 * 24 * 60 * 60 * 1000
/** How long the snapshot of one peer may come while another offers its own; then it gives way, and the next may take twice as long. */
export const RECEIPT_TURN_MS = 10 * 60 * 1000
/**
 * Bytes of a snapshot, with `SNAPSHOT_ENTRY_BYTES` for each entry, that a peer may send before others come first; the next one may
 * send twice as much. A false one shows at its end only, so it takes no more than this; a true one that is larger comes in the end,
 * whoever sends it, while the disk has room.
 */
export const RECEIPT_BYTES = 1024 * 1024 * 1024
/** What an entry costs beside its bytes: its place in the tree. */
export const SNAPSHOT_ENTRY_BYTES = 64
/** What came of a snapshot that nobody goes on with stays for so long. */
export const RECEIPT_KEPT_MS = 10 * 60 * 1000
/** A state is folded anew for what members say of their roots at most so often: a fold costs all deltas above the checkpoint. */
export const DOUBT_EVERY_MS = 10 * 60 * 1000
/** And for what one of them says: who lies for ever costs no more than that, and the others are heard. */
export const DOUBT_MEMBER_MS = 60 * 60 * 1000
/** Contexts whose state is compared with a member's at once; each holds it as it is meanwhile. One more is told without its entries. */
export const LOCATED_AT_ONCE_MAX = 4
/** Heads that are named with what differs: mostly it is one or two. */
export const HEADS_TOLD_MAX = 16
/** How often a damaged state is made anew in so long. Where it is damaged again at once, the disk is to blame: the context waits. */
export const MENDS_MAX = 3
export const MENDS_MS = 60_000
/** A base that no member has given is asked for again so much later. */
export const MEND_ASK_MS = 10_000
/** How long a peer whose snapshot was false, or too much, or took too long, is not taken from: others come first. Where there are none it has a turn again. */
export const RECEIPT_PAUSE_MS = 60_000
/** Rows of a dropped context removed in one batch. */
export const DROP_BATCH_ROWS = 1000
/** Deltas from one checkpoint to the next: undo, and deltas for who is a little behind, stay long enough. */
export const CHECKPOINT_MIN = 1024
/**
 * Whose count passes a multiple of this, that checkpoint has what was removed taken out of its state: a scan of the state for so many
 * deltas. A context that never has so many keeps all. The same on all nodes.
 */
export const SWEEP_EVERY = 16 * 1024
/** Records taken out at once, in the order of their keys; the others stay until the next time. Some 20 MiB while it is done. The same on all nodes. */
export const SWEPT_MAX = 64 * 1024
/** Entries of a state that are looked at, when what was removed goes, before others may have their turn. */
export const SWEEP_PIECE = 128
/** Certified checkpoints that may not be taken here, by hash. At the cap none is noted until nobody stands on one of them. */
export const CHECKPOINTS_APART_MAX = 16
/** One that is offered and may not be taken is on another side from then on: until then rounds may bring what it contains. */
export const APART_AFTER_MS = 30_000
/** Checkpoints that a context has stood on since it was read, by hash: who still does lags behind. Who names one older than these is asked in vain. */
export const CHECKPOINTS_REMEMBERED_MAX = 64
/** After something was applied or acknowledged it is looked at so much later what can be pruned: once for many. */
export const PRUNE_EVERY_MS = 5000
/** How often it is looked whether what other members write again has come, for which own deltas wait. */
export const REWRITE_LOOK_MS = 1000
/** Looks after which a member that nobody has heard of is not waited for any more: then a delta may overtake its reason. */
export const REWRITE_HEARD_LOOKS = 60
/** And one that is there, whatever it writes meanwhile: calls wait as long, and a member cannot make them wait longer. */
export const REWRITE_WAIT_LOOKS = 120
/** Authors that one own delta waits for: those whose lost deltas sort last. Of more, others may come behind it. */
export const REWRITE_BEHIND_MAX = 64
/**
 * Deltas that have counted here and went, and may come back as others: their authors may be away for as long as they like. Of
 * more the oldest are forgotten when the context is next read; what stands for one of them is handled again.
 */
export const HANDLED_NOTES_MAX = 10_000
/** Rows removed in one batch behind a checkpoint: what a crash leaves of them goes at the next start. */
export const PRUNE_BATCH_ROWS = 1000
/** Signed heads that still hold are said again unchanged for so long: each pull asks for them. No longer than between two announcements. */
export const OWN_BEAT_MS = 1000
/** An acknowledgement goes into the store with the next batch, or by itself once the stored one is this much older. */
export const ACKNOWLEDGEMENT_STORE_MS = 60_000
/** Actions that one call proposes, in bytes: everybody keeps them in the log for good. More are refused. */
export const PROPOSED_BYTES_MAX = 64 * 1024
/** Proposals and approvals by calls of one context: so many at once, as a call may make, and then one so often. Refused beyond. */
export const PROPOSED_BURST = 200
export const PROPOSED_EVERY_MS = 5000

/** A migration that has failed is tried again where the state has changed, at most so often: each try runs the guest. */
export const MIGRATION_RETRY_MS = 5_000
