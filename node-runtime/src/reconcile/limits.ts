// Caps of one reconciliation, each with its reason. Both sides keep to those of frames; the others bound what a peer
// can make this node do.

/** Parts that one range is split into. More: fewer rounds, but more bytes for one difference. */
export const FANOUT = 16
/** A range with at most this many items is answered with its items: about the bytes of one more split. */
export const LIST_MAX = 24
/** Ranges asked in one frame; the others wait for the next one. It bounds what one answer costs its reader, too. */
export const PROBES_MAX = 64
/** Nodes looked at for one frame's answer, or one page of what is fetched: some 20 ms of work. What is beyond it is put off to the next. */
export const ANSWER_VISITS_MAX = 20_000

/** Frames of one reconciliation: some five for a few differences among a million items. Then it ends incomplete. */
export const ROUNDS_MAX = 512
/** Ranges that wait to be asked. At the cap the rest is left to the next reconciliation. */
export const OPEN_RANGES_MAX = 65_536
/** Items and ranges found to be lacking here. At the cap it ends incomplete: they are fetched, then the rest is found. */
export const WANTS_MAX = 50_000
/** Items named to a peer as lacking there. With more it compares for itself. */
export const LACKS_MAX = 1024

/** Ranges of one set whose summaries are remembered until it changes. At the cap the others are made anew each time. */
export const SUMMARIES_MAX = 16
