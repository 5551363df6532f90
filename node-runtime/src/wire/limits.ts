// Caps on what is accepted from peers. At each one the message is refused with WireError; nothing is truncated.

const KIB = 1024
const MIB = 1024 * KIB

/** gossipsub transmits at most this. Larger deltas are announced, then pulled. */
export const GOSSIP_BYTES_MAX = MIB
/** A delta up to this size travels whole in gossip; beyond it only its id and parents do. */
export const GOSSIP_DELTA_BYTES_MAX = 900 * KIB
/** A batch of a few milliseconds of one author; more is sent as a second frame. */
export const GOSSIP_ITEMS_MAX = 1024

/** What a guest may hand out (see runtime limits): an author's own call fails earlier. */
export const ARTIFACT_BYTES_MAX = 16 * MIB
export const EVENTS_MAX = 100
export const EVENT_KIND_BYTES_MAX = 100
export const EVENT_DATA_BYTES_MAX = 16 * KIB
export const EVENT_HANDLER_BYTES_MAX = 256
/** Far beyond the recursion limit of handlers, which `context` enforces. */
export const EVENT_DEPTH_MAX = 255
/** The artifact, a full set of events, and their framing. */
export const SEALED_BYTES_MAX = ARTIFACT_BYTES_MAX + 2 * MIB
/** A sealed payload with its header. */
export const DELTA_BYTES_MAX = SEALED_BYTES_MAX + 64 * KIB

/** Heads merged by one delta or operation. With more heads an author merges the first of them, later ones the rest. */
export const PARENTS_MAX = 256
/** Heads named by one heartbeat. With more, the first ones are named: they lead a puller to the rest. */
export const HEADS_MAX = 4096
/** Ids that a delta stands for. Of more, the first and the last: one is lost again only where two histories met. */
export const REWRITES_MAX = 16
/** Governance heads cited by one delta: more than that many administrators never act at once. */
export const GOVERNANCE_HEADS_MAX = 256

/** Fits into one gossip frame with others; a removal that pins the heads of many contexts is the largest. */
export const OP_BYTES_MAX = 512 * KIB
/** Contexts that one operation pins; of more, the others are pinned by operations that follow. */
export const PINNED_CONTEXTS_MAX = 1024
/** Heads that pin one context: as many as a beat names, so that whatever was acknowledged can be pinned. */
export const PINNED_HEADS_MAX = 4096
export const SIGNATURE_BYTES = 64
/** Of the tree of hashes under one signature: 64 deltas, as many as calls share a turn. */
export const TREE_DEPTH_MAX = 6
/** Of namespaces, groups and contexts: an author makes ids from them that nobody else can. */
export const SALT_BYTES = 32
/** What a guest may propose (see runtime limits). */
export const PROPOSAL_BYTES_MAX = 16 * KIB
/** What a member shows for the moment, as in the reference. */
export const PRESENCE_BYTES_MAX = 16 * KIB
/** SHA-256. */
export const HASH_BYTES = 32
/** Applications up to 1 TiB: the number must stay exact. */
export const APPLICATION_BYTES_MAX = 2 ** 40
/** Invitations are pasted into JSON. */
export const INVITATION_BYTES_MAX = KIB
export const NAME_BYTES_MAX = 256
export const SOURCE_BYTES_MAX = 2048
/** Metadata records, as in the reference node. */
export const METADATA_FIELDS_MAX = 64
export const METADATA_KEY_BYTES_MAX = 64
export const METADATA_VALUE_BYTES_MAX = 4096

/** Nesting of the deepest message, twice over: the decoder recurses. */
export const DEPTH_MAX = 16
/** Items of one message, so that small bytes cannot unfold into many objects. 8 MiB of ids are 250,000. */
export const CBOR_ITEMS_MAX = 300_000

/** A frame of a sync stream; the network's own frame limit is a little higher. */
export const SYNC_FRAME_BYTES_MAX = 3 * MIB
/** Items or entries of one frame. */
export const SYNC_ITEMS_MAX = 4096
/** Nodes of a state tree, or keys in it, asked for in one request. */
export const TREE_PATHS_MAX = 64
/** Digits of the path of an entry, the SHA-256 of its key. */
export const TREE_PATH_CHARS_MAX = 64
/** Topics compared in one hello. With more, the rest is left to the periodic round. */
export const HELLO_TOPICS_MAX = 10_000
/** Operations that travel with a key request: the asker's newest. */
export const OPS_WITH_KEYS_MAX = 16
/** Keys that one request names, and one answer brings; more are asked for in the next one. */
export const KEYS_WANTED_MAX = 1024

/** Ranges compared in one frame. The asker sends fewer (`reconcile/limits.ts`). */
export const ANSWERS_MAX = 256
/** Parts of one range in an answer. */
export const RANGE_PARTS_MAX = 64
/** Items of one range in an answer; with more it is cut into parts. */
export const PART_KEYS_MAX = 256
/** Count of a part, which only decides what is asked next. */
export const SET_KEYS_MAX = 2 ** 32 - 1
/** Ranges and items asked for, or named as lacking, in one frame; more are asked for in the next one. */
export const WANTS_MAX = 8192

/** Of one blob: 1 GiB in chunks of a MiB. */
export const BLOB_CHUNKS_MAX = 1024
export const BLOB_CHUNK_BYTES_MAX = MIB
/** The hashes of its chunks. */
export const BLOB_HASHES_BYTES_MAX = BLOB_CHUNKS_MAX * 32
/** A manifest with its framing. */
export const BLOB_MESSAGE_BYTES_MAX = BLOB_HASHES_BYTES_MAX + 4 * KIB

/** Everybody who ever wrote into one context. With more nothing is pruned any more. */
export const CHECKPOINT_AUTHORS_MAX = 10_000
/** Ids that a checkpoint names, the last ones it contains: what builds on older ones is written again. */
export const RECENT_MAX = 2048
/** Its authors and ids. */
export const CHECKPOINT_BYTES_MAX = MIB
/** With a vouch of each writer. It fits into one frame with the beats of a greeting. */
export const CERTIFIED_BYTES_MAX = 2 * MIB
/** Beats in one greeting, and their bytes; others wait for the next one. */
export const GREETING_BEATS_MAX = 1024
export const GREETING_BEATS_BYTES = 512 * KIB

/** Nodes that a boot node tells of; later ones are not told of until one leaves. */
export const BOOT_PEERS_MAX = 256
/** Addresses of one node, and the length of each. A node sends no more of its own. */
export const BOOT_ADDRESSES_MAX = 8
export const BOOT_ADDRESS_BYTES_MAX = 256
/** All of them with their framing. */
export const BOOT_MESSAGE_BYTES_MAX = BOOT_PEERS_MAX * (BOOT_ADDRESSES_MAX + 2) * BOOT_ADDRESS_BYTES_MAX

/** A measurement of a trusted environment: SHA-384. */
export const MEASUREMENT_BYTES = 48
/** Of its run-time registers. */
export const REGISTERS = 4
/** Measurements of one kind that a policy names: far more than there are releases in use. */
export const POLICY_MEASUREMENTS_MAX = 256
export const POLICY_STATUSES_MAX = 16
export const TCB_STATUS_BYTES_MAX = 64
/** What an attestation is signed over. */
export const ATTESTED_BYTES_MAX = KIB

/**
 * Deltas that are remembered as decoded, at most twice as many: 16 MiB with their payloads at the worst. As many as one checkpoint
 * takes and those behind it: they are met once more when they are brought into their order.
 */
export const DELTAS_REMEMBERED = { count: 1024, bytesMax: 2 * KIB }
/** Signed roots of trees above deltas: a batch is met in one frame or two, or in one page of a pull. */
export const ROOTS_REMEMBERED = { count: 512, bytesMax: 128 }
/** Signed heads that are: those of the members of a few contexts. */
export const BEATS_REMEMBERED = { count: 256, bytesMax: 2 * KIB }

/** Why a state could not be migrated, as each beat of its author says: a line of the guest, cut where it is longer. */
export const FAILURE_BYTES_MAX = 512
export const U32_MAX = 2 ** 32 - 1

/** Nodes that one message on the topic of the run looks for. */
export const SOUGHT_MAX = 16
/** Addresses at which a node says to listen, and the length of each. It sends no more of its own. */
export const LISTEN_ADDRESSES_MAX = 8
export const LISTEN_ADDRESS_BYTES_MAX = 256
/** Makes a message another one that says the same. */
export const NONCE_BYTES = 8
/** Either, with its framing. */
export const SEEKING_BYTES_MAX = 4 * KIB
