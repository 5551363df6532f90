// One packet of the simulated network, and what becomes of it.
import type { Bytes } from '../../base/bytes.ts'
import type { PeerId } from '../network.ts'

export interface Packet {
  readonly from: PeerId
  readonly to: PeerId
  readonly kind: 'gossip' | 'stream' | 'control'
  readonly bytes: number
  /** Of gossip: the same object for every copy of a message. */
  readonly data?: Bytes
}

/** What happens to one packet. `copies` above 1 duplicates gossip; streams and control ignore it. */
export interface Verdict {
  readonly delayMs: number
  readonly lost: boolean
  readonly copies: number
}
