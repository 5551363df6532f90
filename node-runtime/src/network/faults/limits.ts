// Caps of faults that are put on connections on purpose.

/** What waits in one direction of a connection. Beyond it the other side is made to wait, as by a full TCP window. */
export const LANE_BYTES_MAX = 1024 * 1024

/**
 * What one lost packet costs: TCP waits so long before it sends it again, twice as long each further time. It is lost so many
 * times at most and comes 12.6 s late then, as no connection is given up before; only where all is lost it never comes.
 */
export const RETRANSMIT_MS = 200
export const RETRANSMITS_MAX = 6

/** Rules at once. One more is refused. */
export const RULES_MAX = 256

/** What one rule keeps back or keeps a copy of. Beyond it gossip is dropped and counted (it is a hint: what is lost is pulled). */
export const HELD_MESSAGES_MAX = 4096
export const HELD_BYTES_MAX = 32 * 1024 * 1024

/** Ids of messages that one rule remembers. Beyond it none more is chosen. */
export const CHOSEN_MAX = 100_000

/** A message that is to be overtaken is handed on after so long where nothing comes after it. */
export const OVERTAKEN_MS = 250
/** By so many at most. */
export const OVERTAKEN_BY_MAX = 5
