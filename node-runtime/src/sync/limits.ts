// Caps and defaults of synchronisation, each with its reason.
import { FRAME_MAX_BYTES } from '../network/limits.ts'
import { DELTA_BYTES_MAX } from '../wire/limits.ts'

/** Periodic round of each topic; a run may set it shorter. */
export const SYNC_EVERY_MS = 10_000
/** The least time between two periodic rounds of a topic. */
export const SYNC_GAP_MS = 5_000
/** Longest conversation in which nothing comes. Then it ends and the next round goes on where it stopped. */
export const SYNC_TIMEOUT_MS = 30_000
/**
 * With each so many bytes that come, frames that are not whole included, a conversation has its time again: what is one item, and
 * none of it kept before it is whole, comes over a slow link too: measured, over 8 KiB a second on one stream. With several at once, or
 * at 1 KiB a second, the first message takes too long (`STREAM_MESSAGE_BYTES`). Who crawls keeps only the pulls of one topic from itself.
 */
export const CAME_PORTION_BYTES = 16 * 1024
/** Of a log or keys that are pulled, so many may come before something is of use: more than a frame, which is judged as a whole. */
export const WORTHLESS_BYTES_MAX = 2 * 1024 * 1024
/** Part of the period by which rounds are spread, so that nodes do not ask in step. */
export const SYNC_JITTER = 0.2

/**
 * Bytes of a base with `BASE_ENTRY_BYTES` for each entry; a peer that sends more is left. `init` writes 128 MiB at most, or an
 * artifact of 16 MiB, which takes a few times as much as state.
 */
export const BASE_BYTES_MAX = 256 * 1024 * 1024
/** What an entry costs beside its bytes: its place in the tree. */
export const BASE_ENTRY_BYTES = 64
/**
 * With each so many the peer has the time of a conversation again: any base comes over a link of 140 KiB a second, and who sends no
 * faster than that keeps us for half an hour at most, the first time, before another is asked. What is cut off begins anew.
 */
export const BASE_PORTION_BYTES = 4 * 1024 * 1024
/**
 * A peer is asked after the others where its time was too short, or it sent something else until nobody further was asked. In the
 * first case it has twice as much, so often at most: a base of 4 MiB comes over a link
 * of 2 KiB a second in the end, two at once over 4. It keeps that where the link breaks, and loses it with entries that are false.
 */
export const BASE_DOUBLED_MAX = 6
/** Peers of which that is known, by context. Full: the oldest begins anew. */
export const BASE_SLOW_MAX = 1024

/** Ids in one answer; the asker asks again for the rest. */
export const ANSWER_IDS_MAX = 20_000
/** Items and ranges asked for in one request; the rest is asked for in the next one. */
export const FETCH_WANTS_MAX = 4096
/** Ids looked up at once while deltas are streamed; other work comes between two pages. */
export const FETCH_PAGE = 500
/** Requests on one stream. One more ends it; no pull comes near. */
export const REQUESTS_MAX = 2048
/** Bytes of items collected into one frame. */
export const FRAME_TARGET_BYTES = 1024 * 1024
/** Bytes of one item that travel in one frame; a larger item is cut into parts. */
export const PART_BYTES = 2 * 1024 * 1024
/** Deltas handed to a context at once. */
export const RECEIVE_BATCH = 500
/** Or of these bytes, whichever is reached first: a batch is in memory until it is stored. */
export const RECEIVE_BATCH_BYTES = 8 * 1024 * 1024
/** Of deltas that are pulled, so many may come before some are held: more than a batch, which may end with one of the largest. */
export const WORTHLESS_DELTA_BYTES_MAX = RECEIVE_BATCH_BYTES + DELTA_BYTES_MAX + FRAME_MAX_BYTES
/** Wishes for the next pull of a topic from a peer. With one more it is made, whatever has come by then. */
export const PULL_WISHES_MAX = 256

/** Gossip waits this long for more deltas of the same context before it is sent. */
export const GOSSIP_COLLECT_MS = 2
/** And so long while deltas follow each other within this time. */
export const GOSSIP_COLLECT_BUSY_MS = 20
export const GOSSIP_BUSY_MS = 25
/** And so long, within this time, behind a frame of so many: 50 and more a second, of which each that gets a frame costs every member the more. */
export const GOSSIP_COLLECT_MANY_MS = 60
export const GOSSIP_MANY_MS = 75
export const GOSSIP_MANY = 3
/** Deltas that wait for the gossip of one context. Beyond it they are left to pulling. */
export const GOSSIP_WAITING_MAX = 4096

/** The least time between two head announcements of one context. */
export const HEADS_EVERY_MS = 1000

/** What a pull has brought is told by hello to other neighbours so much later: by then gossip has, where it works. */
export const SPREAD_AFTER_MS = 500

/** Without a key after so long, the next member is asked as well: one that is silent must not keep a joiner waiting. */
export const KEY_PATIENCE_MS = 2000
/** Members asked for a key at one time; further ones the next time, when those have had their turn. */
export const KEY_ASKED_MAX = 8
/** Groups whose keys a periodic round asks for; where one comes, the others are asked for at once. */
export const KEY_ROUND_GROUPS_MAX = 4
/**
 * Who was asked for keys in vain is asked again so much later; each time twice as long, up to the last. The periodic round asks
 * a few members anyway: a way that was closed in one direction only is open again, and nobody says so.
 */
export const KEY_PAUSE_FIRST_MS = 1000
export const KEY_PAUSE_LAST_MS = 60_000

/** A pull for what gossip has not brought in order begins so much later: it mostly comes on another way by then. */
export const PULL_AFTER_MS = 20
/** And so many times later at most while gossip waits to be handled here: on a busy machine what is lacking is in there. */
export const PULL_LOOKS_MAX = 25

/** Peers asked in one round that a user has asked for, or while something lacks its parents. */
export const ROUND_PEERS_MAX = 8
/** Answers served at once. One more is refused as busy, and the asker tries later. */
export const SERVING_MAX = 32
/** Of these for one peer. */
export const SERVING_PEER_MAX = 8
/**
 * Where all are taken, one gives way that has lasted so long, and took less than the portion in such a time, or whose peer has more
 * of them than the asker would.
 */
export const SERVING_TURN_MS = 30_000
export const SERVING_PORTION_BYTES = 1024 * 1024

/** Differing entries of two states that are told: enough to see what kind of defect it is. */
export const DIFF_ENTRIES_MAX = 32
/** Nodes of a peer's state tree that are looked at for them. A tree of millions of entries shows as many in a tenth of that. */
export const DIFF_NODES_MAX = 2048
/** Longest key that is named; of a longer one its hash is. */
export const DIFF_KEY_BYTES_MAX = 256
/** Entries that are looked at for the keys of those that differ, on either side. Of a larger state some are told by their hashes alone. */
export const DIFF_ROWS_MAX = 500_000
/** Of one node; the longest has half of that. Who sends a longer one is asked no further. */
export const TREE_NODE_BYTES_MAX = 8 * 1024
/** Bytes of nodes in one answer; the asker asks again for the rest. */
export const TREE_PAGE_BYTES = 256 * 1024
/** State trees that are held for peers at once, for one request after the other, and of these for one peer. One more is refused as busy. */
export const TREES_HELD_MAX = 4
export const TREES_HELD_PEER_MAX = 2
/** Then the tree is let go, as what it holds stays on the disk; the next request gets it again where the state has not moved on. */
export const TREE_HELD_MS = 30_000
/** Nodes and entries that are read for one peer in so long: one look for differences, in a state of any size. More is refused as busy. */
export const TREE_READS_MAX = DIFF_NODES_MAX + DIFF_ROWS_MAX
export const TREE_READS_MS = 60_000

/** Messages of one topic that wait to be handled; later ones are dropped and pulled later. */
export const INBOUND_WAITING_MAX = 256
/** Of these from one peer, who may pass on what all the others say: the rest is for the others. */
export const INBOUND_PEER_WAITING_MAX = 192
/** Bytes from one peer, of all topics, that wait to be handled. */
export const INBOUND_PEER_BYTES_MAX = 32 * 1024 * 1024

/** Beats of a member in a row, at our heads, after which another checkpoint and another root are a divergence: checkpoints have had their time. */
export const APART_BEATS_MAX = 30

/** Nodes that are asked at once to let an attested one in; further ones in the next round. */
export const ADMISSION_PEERS_MAX = 16
/** Who does not answer in time is left for the next round. */
export const ADMISSION_ANSWER_MS = 5000
/** Without an outcome after so long, the next one is asked as well: one that is silent must not keep the others waiting. */
export const ADMISSION_PATIENCE_MS = 1000
/** Of who says that it has let us in: how long its log may take to show that. Then it is left for the next round. */
export const ADMISSION_SHOWN_MS = 15_000

/** Whom a node lacks among the members of what it follows is looked at so long after something has changed: hellos come first. */
export const LINKS_AFTER_MS = 500
/** Who is looked for is looked for again so much later; each time twice as long, up to the last. */
export const SEEK_PAUSE_FIRST_MS = 1000
export const SEEK_PAUSE_LAST_MS = 60_000
/** Looked for so often in vain: others after it are looked for as well. */
export const SEEK_DOWN_COUNT = 2
/** Nodes that are looked for in one look; those whose turn was longest ago first. */
export const SOUGHT_AT_ONCE_MAX = 64
/** Whose time comes within so long is looked for together: one message for all. */
export const SEEK_TOGETHER_MS = 500
/** Of each address at which somebody who is looked for says to listen. */
export const REACH_TIMEOUT_MS = 5000
/** Answers of one node that are dialled for each time it was looked for: of who tells its old ones again, the next time is right. */
export const ANSWERS_DIALLED_MAX = 2
/** Nodes dialled at the same time: the network has as many more dials of its own. Later ones wait for their turn. */
export const REACHED_AT_ONCE_MAX = 3
/** With so many members of rings connected, half of what the network takes, no other is looked for: the rest is for who looks for us. */
export const LINK_PEERS_MAX = 512
/** The least time between two answers of where we listen. */
export const HERE_EVERY_MS = 1000
/** Who has invited us is looked for as long as a join may take. */
export const INVITER_WANTED_MS = 30_000
/** Who shows that it has a key which is not here. */
export const HOLDER_WANTED_MS = 10_000
