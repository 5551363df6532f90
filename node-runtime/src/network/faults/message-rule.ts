// What may happen to messages that come to this node, above encryption, where it is known what they are and whose.
// The rules are those of the receiver: whatever way a message has taken, it comes through here.
import type { PeerId } from '../network.ts'

/**
 * hold: kept back until the fault ends, then handed on in order. drop: never handed on; a stream is reset instead, since
 * no frame of it may be missing. replay: handed on, and once more when the fault ends. duplicate: handed on twice.
 * reorder: overtaken by those that come after it. The last three are of gossip only: streams are ordered by TCP.
 */
export type MessageAction = 'hold' | 'drop' | 'replay' | 'duplicate' | 'reorder'

/** delta, heads, governance: also those that a stream brings. announce: of deltas too large for gossip. */
export type MessageKind = 'delta' | 'announce' | 'heads' | 'governance' | 'sync' | 'hello' | 'blob'

export type Channel = 'gossip' | 'stream'

export interface MessageRule {
  readonly action: MessageAction
  /** Who wrote it, where the message says so, else who sent it. Absent: anybody. */
  readonly from?: readonly PeerId[]
  /** Absent: all. */
  readonly kinds?: readonly MessageKind[]
  /** Absent: both for hold, gossip for the others. */
  readonly channel?: Channel
  /** So many different messages, the first ones: one that comes again, by another way, is the same. Absent: all. */
  readonly count?: number
  /** Of the messages that match. Absent: all of them. */
  readonly percent?: number
  readonly seed?: string
}

/** What is known of a message from its bytes. */
export interface MessageFacts {
  readonly channel: Channel
  readonly kinds: readonly MessageKind[]
  /** Empty: the message does not say. */
  readonly authors: readonly PeerId[]
  /** Of what is in it: the same delta has the same id, however it comes. */
  readonly ids: readonly string[]
}

export interface MessageCounts {
  /** Different messages that the rule has chosen. */
  readonly chosen: number
  /** How often one of them came. */
  readonly matched: number
  /** Kept back now. */
  readonly held: number
  readonly heldBytes: number
  readonly released: number
  readonly dropped: number
  readonly repeated: number
  readonly overtaken: number
}
