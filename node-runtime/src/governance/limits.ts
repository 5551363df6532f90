// Caps of one namespace's governance.

/**
 * Operations whose parents are not here, by the memory they take (`bytesOf`): of one author, of all who are nobody here together, and
 * of all. Each holds two of the largest. Beyond, the oldest of the share goes, or of the largest share; a pull brings it again.
 */
export const AUTHOR_PENDING_BYTES_MAX = 8 * 1024 * 1024
export const STRANGERS_PENDING_BYTES_MAX = 4 * 1024 * 1024
export const PENDING_BYTES_MAX = 32 * 1024 * 1024
/** Ids remembered as invalid, so that their descendants are refused at once. Then the oldest is judged anew. */
export const INVALID_REMEMBERED_MAX = 10_000
/** States kept by cut, least recently used out. A cut that is not kept is folded again from the nearest one that is. */
export const CUTS_KEPT_MAX = 512
/** Every so many generations the state at a single operation is kept for good: the most that is ever folded again. */
export const LANDMARK_EVERY = 256
/** What lies between two heads and a cut that is kept is folded anew up to here; what is longer is kept, and grows. */
export const ROUTE_SHORT_MAX = 32
/** Folds of what lies between heads, that grow with it. The one that was used longest ago goes, and is made again when asked for. */
export const FORKS_KEPT_MAX = 8
/** Operations of all of them: with more the oldest go, but never the newest. Each keeps a few KiB of its state. */
export const FORKED_OPS_MAX = 16_384
/** Every so many operations of a growing fold its state is kept: what comes late is inserted at one of these. */
export const FOLD_KEPT_EVERY = 16
/** Keys of one group that fit at once: of more the rotation is refused, until a removal makes room. */
export const GROUP_KEYS_MAX = 1024
/**
 * Heads that one author pins of one removal in one context, all that it says of that together: as many as an operation names,
 * and an honest one never has more. What goes beyond is refused, and nothing where it was said without knowing of the rest.
 */
export const WORD_HEADS_MAX = 4096
/** Actions of one proposal; more are refused. */
export const PROPOSAL_ACTIONS_MAX = 64
/**
 * Proposals of one author in one context that wait for approval, whatever its members have set. One more is refused at its
 * cut; concurrent ones all wait, since to forget one would undo what others have approved. The log holds them anyway.
 */
export const PROPOSALS_ACTIVE_MAX = 64
/** Proposals that were carried out, of one context, whose actions can still be read. The oldest is forgotten. */
export const PROPOSALS_DONE_KEPT = 16
/** Deleted proposals of one context for which approvals that did not know still count. The oldest is forgotten. */
export const PROPOSALS_DELETED_KEPT = 64
/** Values that proposals have set, of one context. At the cap a proposal of a new key is refused, or its action left. */
export const PROPOSED_VALUES_MAX = 64
/** Nesting of groups, the namespace included. A deeper group is refused; climbing costs at most this. */
export const GROUP_DEPTH_MAX = 16

/** Applications that a context remembers to have run. Each has brought its state one version further at most; at the cap the oldest goes but the one that has made it. */
export const APPLICATIONS_BEFORE_MAX = 64
