// What fault steps need of the run: the faults of one node, and all that are on. Implemented by run/faults.
import type { SourcePlace } from '../../../run/events.ts'
import type { JsonObject } from '../../../values/json/json-value.ts'
import type { StepClock } from '../../step-clock.ts'

type Options = { signal: AbortSignal }

/** Faults that a node puts on itself. They outlive its restarts: it starts with those that are on. */
export interface NodeFaultPort {
  /** One of the same id is replaced. On a node that is stopped it is on from its next start. */
  put(id: string, rule: JsonObject, options: Options): Promise<FaultMaker>
  take(id: string, options: Options): Promise<void>
  /** What it did so far: messages chosen, held, dropped…, writes refused. Undefined: not told. */
  counts(id: string, options: Options): Promise<FaultCounts | undefined>
  /** By which other nodes know it. */
  peerId(options: Options): Promise<string>
}

export type HoldKind = 'stop' | 'kill' | 'pause'

/**
 * Faults of the process of a node. Of several on one node each holds it until its own end: it goes on with the end of the
 * last, and not before a step that stopped or paused it lets it. StepError `not_running` where there is nothing to be held.
 */
export interface ProcessPort {
  /** `onBroken`: a step has started the node, or let it go on, or stopped one that stood still; how. */
  hold(how: HoldKind, onBroken: (by: string) => void): ProcessHold
  restart(options: Options): Promise<void>
}

export interface ProcessHold {
  readonly isOn: boolean
  begin(options: Options): Promise<void>
  /** Nothing where it is not on. */
  release(options: Options): Promise<void>
}

/** Who makes a fault: the node, which is asked to, or the kernel beneath it, packet by packet. */
export type FaultMaker = 'node' | 'kernel'

export type FaultCounts = Readonly<Record<string, number>>

export interface FaultRequest {
  /** By which it is healed. */
  readonly name: string
  /** `partition of n-1, n-2`. */
  readonly what: string
  readonly nodes: readonly string[]
  /** Of the step that begins it. */
  readonly place?: SourcePlace | undefined
  /** `onBroken`: a step has ended it on one of its nodes; how. */
  begin(options: Options, onBroken: (by: string) => void): Promise<void>
  end(options: Options): Promise<void>
  /** Of one that has begun, false: something else has ended it. Absent: it is on until its end. */
  isOn?(): boolean
  /** Of one that is on; undefined where that goes without saying. */
  madeBy?(): readonly FaultMaker[]
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
  /** All that have a part in it. */
  readonly nodes: readonly string[]
  /** Of the step that began it; undefined for one of an earlier run. */
  readonly place?: SourcePlace | undefined
}

export interface EndedFault extends ActiveFault {
  readonly lastedMs: number
  /** Calls that wrote something while it was on, wholly or in part. */
  readonly writes: number
  readonly counts: FaultCounts | undefined
  readonly madeBy?: readonly FaultMaker[] | undefined
}

export interface RunFaults {
  active(): readonly ActiveFault[]
  /** StepError `invalid` where one of this name is on. */
  begin(fault: FaultRequest, options: Options): Promise<void>
  /** Undefined where none of this name was ever on; of one that has ended by itself, how. */
  end(name: string, options: Options): Promise<EndedFault | undefined>
}
