// A connection as one of its two ends has it.
import type { Direction } from '../network.ts'
import type { SimulatedStream } from './simulated-stream.ts'

export interface Link {
  /** The same on both sides. */
  readonly epoch: number
  readonly direction: Direction
  readonly connectedAtMs: number
  /** What the peer is known to be subscribed to. */
  readonly topics: Set<string>
  readonly streams: Map<number, SimulatedStream>
}
