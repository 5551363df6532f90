// What fault steps need of the run: the faults of one node, and all that are on. Implemented by run/faults.
import type { JsonObject } from '../../../values/json/json-value.ts'
import type { StepClock } from '../../step-clock.ts'

type Options = { signal: AbortSignal }

/** Faults that a node puts on itself. They outlive its restarts: it starts with those that are on. */
export interface NodeFaultPort {
  /** One of the same id is replaced. On a node that is stopped it is on from its next start. */
  put(id: string, rule: JsonObject, options: Options): Promise<void>
  take(id: string, options: Options): Promise<void>
  /** What it did so far: messages chosen, held, dropped…, writes refused. Undefined: not told. */
  counts(id: string, options: Options): Promise<FaultCounts | undefined>
  /** By which other nodes know it. */
  peerId(options: Options): Promise<string>
}

export type FaultCounts = Readonly<Record<string, number>>

export interface FaultRequest {
  /** By which it is healed. */
  readonly name: string
  /** `partition of n-1, n-2`. */
  readonly what: string
  readonly nodes: readonly string[]
  begin(options: Options): Promise<void>
  end(options: Options): Promise<void>
  /** Asked before it ends. */
  counts?(options: Options): Promise<FaultCounts | undefined>
  /** It ends by itself then. */
  readonly forMs?: number | undefined
  readonly clock: StepClock
  /** It is over as soon as it has begun. */
  readonly isMomentary?: boolean | undefined
  /** It ends with the run, though its node is kept: a later run could not reach the node to end it. */
  readonly endsWithRun?: boolean | undefined
  /** Only writes to it count as met; undefined: to any. */
  readonly contextId?: string | undefined
}

export interface ActiveFault {
  readonly name: string
  readonly what: string
  readonly nodes: readonly string[]
}

export interface EndedFault extends ActiveFault {
  readonly lastedMs: number
  /** Calls that wrote something while it was on, wholly or in part. */
  readonly writes: number
  readonly counts: FaultCounts | undefined
}

export interface RunFaults {
  active(): readonly ActiveFault[]
  /** StepError `invalid` where one of this name is on. */
  begin(fault: FaultRequest, options: Options): Promise<void>
  /** Undefined where none of this name was ever on; of one that has ended by itself, how. */
  end(name: string, options: Options): Promise<EndedFault | undefined>
}
