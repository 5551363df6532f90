// The faults that are on in a run, by name: what ends them, what wrote meanwhile, and the timers of those that end by
// themselves.
import type {
  ActiveFault,
  EndedFault,
  FaultCounts,
  FaultRequest,
  RunFaults,
} from '../../steps/fault/making/fault-port.ts'
import { StepError } from '../../steps/step-error.ts'
import { settled } from './settled.ts'

type Options = { signal: AbortSignal }

interface Entry {
  readonly fault: FaultRequest
  readonly startedMs: number
  /** Writes met it from when it was on until its end has come; a momentary one while it was made. */
  phase: 'beginning' | 'on' | 'over'
  writes: number
  /** Of its end, or of the next try. */
  cancelTimer: () => void
  /** It was to end and could not. */
  isOverdue: boolean
  readonly isOfEarlierRun: boolean
  /** Settles when it is on, or is not and will not be. */
  beginning: Promise<void>
  /** On its way to its end: asked for twice, it ends once. */
  ending: Promise<EndedFault | undefined> | undefined
}

/** For a fault that ends by itself: nobody waits for it who could give up. */
const END_TIMEOUT_MS = 60_000
/** Until a fault that could not be ended is tried again: a node that stands still may go on at any time. */
const RETRY_MS = 1_000
/** For what a fault did to be told: its end matters more. */
const COUNTS_TIMEOUT_MS = 2_000
/** For what is left of a fault that could not be begun. */
const CLEAN_UP_MS = 5_000
/** At the end of a run, for each that is left: nodes that answer do so at once. */
const FINISH_TIMEOUT_MS = 10_000

export class ActiveFaults implements RunFaults {
  readonly #entries = new Map<string, Entry>()
  /** Of those that ended by themselves, until their name is used again. */
  readonly #ended = new Map<string, EndedFault>()
  readonly #onWarning: (message: string) => void
  #isClosed = false

  /** `onWarning`: a fault that was to end by itself could not be ended and is still on, or a step has ended it. */
  constructor(onWarning: (message: string) => void) {
    this.#onWarning = onWarning
  }

  active(): ActiveFault[] {
    return [...this.#entries.values()].filter((entry) => !isOver(entry)).map(({ fault }) => fault)
  }

  async begin(fault: FaultRequest, options: Options): Promise<void> {
    const { name, clock, forMs } = fault
    const left = this.#entries.get(name)
    if (left?.isOfEarlierRun) await this.#end(left, options)
    if (this.#entries.has(name)) {
      const message = `a fault named ${name} is on already; heal it first, or give this one another name`
      throw new StepError('invalid', message)
    }
    const entry = newEntry(fault)
    this.#entries.set(name, entry)
    this.#ended.delete(name)
    entry.beginning = this.#beginNow(entry, options)
    await entry.beginning
    if (this.#entries.get(name) === entry && isOver(entry)) this.#over(entry)
    if (forMs !== undefined && entry.ending === undefined && this.#entries.get(name) === entry) {
      entry.cancelTimer = clock.timer(forMs, () => void this.#expire(entry))
    }
  }

  /** One that an earlier run has left on its nodes: it is healed as the others are, and makes way for a new one of its name. */
  takeOver(fault: FaultRequest): void {
    this.#entries.set(fault.name, { ...newEntry(fault), phase: 'on', isOfEarlierRun: true })
  }

  /** Of one that is only beginning it is the end, too, as soon as it is on. */
  async end(name: string, options: Options): Promise<EndedFault | undefined> {
    const entry = this.#entries.get(name)
    return entry === undefined ? this.#ended.get(name) : this.#end(entry, options)
  }

  /** A call that may write to a context begins; what it gives is told whether it has written. */
  beginWrite(contextId: string): (hasWritten: boolean) => void {
    const hitNow = () => [...this.#entries.values()].filter((entry) => isHit(entry, contextId))
    const hit = new Set(hitNow())
    return (hasWritten) => {
      if (!hasWritten) return
      for (const entry of [...hit, ...hitNow()]) hit.add(entry)
      for (const entry of hit) entry.writes += 1
    }
  }

  /**
   * The run is over: what was to have ended ends now, and with `timed` also what would end by itself. StepError `failed` where
   * that cannot be done; everything else is ended all the same.
   */
  async finish({ signal, timed }: Options & { readonly timed: boolean }): Promise<void> {
    const problems: string[] = []
    for (const entry of this.#entries.values()) {
      const isDue = entry.isOverdue || (timed && endsByItself(entry.fault))
      if (!isDue) continue
      const patience = AbortSignal.any([signal, AbortSignal.timeout(FINISH_TIMEOUT_MS)])
      await this.#end(entry, { signal: patience }).catch((error: unknown) => {
        problems.push(`${entry.fault.name} is still on (${messageOf(error)})`)
      })
    }
    if (problems.length === 0) return
    throw new StepError('failed', `faults that were to end could not be ended: ${problems.join('; ')}`, {
      help: 'a node that is paused or does not answer keeps its faults; heal them while it runs',
    })
  }

  /** The run is over: nothing ends by itself any more. */
  close(): void {
    this.#isClosed = true
    for (const entry of this.#entries.values()) entry.cancelTimer()
  }

  /** What of it has come about where it failed is taken back; where not even that can be done it is on, and is tried again. */
  async #beginNow(entry: Entry, options: Options): Promise<void> {
    const { fault } = entry
    try {
      await fault.begin(options, (by) => this.#broken(entry, by))
      entry.phase = fault.isMomentary === true ? 'over' : 'on'
    } catch (error) {
      entry.phase = 'over'
      try {
        await fault.end({ signal: AbortSignal.timeout(CLEAN_UP_MS) })
        this.#entries.delete(fault.name)
      } catch (left) {
        this.#tryAgain(entry)
        this.#onWarning(`the fault ${fault.name} could not be begun, and not be ended: ${messageOf(left)}`)
      }
      throw error
    }
  }

  /** On one of its nodes, or on the last of them. */
  #broken(entry: Entry, by: string): void {
    const isWhole = entry.fault.isOn?.() === false
    const rest = isWhole ? '' : ' there; on its other nodes it goes on'
    this.#onWarning(`${by}: that ended the fault ${entry.fault.name}${rest}`)
    // One on its way to its beginning or its end comes there.
    if (isOver(entry) && entry.ending === undefined) this.#over(entry)
  }

  /** Something else has ended it, now. */
  #over(entry: Entry): void {
    entry.phase = 'over'
    entry.cancelTimer()
    this.#entries.delete(entry.fault.name)
    this.#ended.set(entry.fault.name, endedNow(entry, undefined))
  }

  #tryAgain(entry: Entry): void {
    entry.isOverdue = true
    if (!this.#isClosed) entry.cancelTimer = entry.fault.clock.timer(RETRY_MS, () => void this.#expire(entry))
  }

  async #expire(entry: Entry): Promise<void> {
    const { name } = entry.fault
    const isFirst = !entry.isOverdue
    try {
      const ended = await this.#end(entry, { signal: AbortSignal.timeout(END_TIMEOUT_MS) })
      if (ended) this.#ended.set(name, ended)
    } catch (error) {
      const why = messageOf(error)
      if (isFirst) this.#onWarning(`the fault ${name} could not be ended: ${why}; it is tried again until the run ends`)
    }
  }

  #end(entry: Entry, options: Options): Promise<EndedFault | undefined> {
    entry.ending ??= this.#endNow(entry, options).finally(() => {
      entry.ending = undefined
    })
    return entry.ending
  }

  /** Undefined where it could not be begun. */
  async #endNow(entry: Entry, options: Options): Promise<EndedFault | undefined> {
    const { fault } = entry
    await settled(entry.beginning, options.signal)
    if (this.#entries.get(fault.name) !== entry) return this.#ended.get(fault.name)
    entry.cancelTimer()
    const counts = await countsOf(fault, options)
    try {
      await fault.end(options)
    } catch (error) {
      this.#tryAgain(entry)
      throw error
    }
    this.#entries.delete(fault.name)
    return endedNow(entry, counts)
  }
}

function endedNow({ fault, startedMs, writes }: Entry, counts: FaultCounts | undefined): EndedFault {
  const { name, what, nodes, clock } = fault
  return { name, what, nodes, lastedMs: clock.nowMs() - startedMs, writes, counts, madeBy: fault.madeBy?.() }
}

/** Of one that only begins nothing can be said yet. */
function isOver({ fault, phase }: Entry): boolean {
  return phase === 'on' && fault.isOn?.() === false
}

function endsByItself({ forMs, endsWithRun }: FaultRequest): boolean {
  return forMs !== undefined || endsWithRun === true
}

function isHit(entry: Entry, contextId: string): boolean {
  const { fault, phase } = entry
  if (isOver(entry)) return false
  if (fault.contextId !== undefined && fault.contextId !== contextId) return false
  return phase === (fault.isMomentary === true ? 'beginning' : 'on')
}

function newEntry(fault: FaultRequest): Entry {
  return {
    fault,
    startedMs: fault.clock.nowMs(),
    phase: 'beginning',
    writes: 0,
    cancelTimer: () => undefined,
    isOverdue: false,
    isOfEarlierRun: false,
    beginning: Promise.resolve(),
    ending: undefined,
  }
}

/** Of a node that does not answer nothing is known, and that is no reason to leave a fault on. */
async function countsOf(fault: FaultRequest, { signal }: Options): Promise<FaultCounts | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(COUNTS_TIMEOUT_MS)])
  // Whoever gives up gives up the end of the fault, too, which says so.
  return fault.counts?.({ signal: patience }).catch(() => undefined)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
