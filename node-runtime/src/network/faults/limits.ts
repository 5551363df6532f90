// Caps of faults that are put on connections on purpose.

/** What waits in one direction of a connection. Beyond it the other side is made to wait, as by a full TCP window. */
export const LANE_BYTES_MAX = 1024 * 1024

/** What one lost packet costs: TCP waits so long before it sends it again, twice as long each further time. */
export const RETRANSMIT_MS = 200
export const RETRANSMITS_MAX = 6

/** Rules at once. One more is refused. */
export const RULES_MAX = 256
