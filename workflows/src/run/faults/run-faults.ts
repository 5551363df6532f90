// The faults that are on in a run, by name: what ends them, what wrote meanwhile, and the timers of those that end by
// themselves.
import type { ActiveFault, EndedFault, FaultRequest, RunFaults } from '../../steps/fault/making/fault-port.ts'
import { StepError } from '../../steps/step-error.ts'

type Options = { signal: AbortSignal }

interface Entry {
  readonly fault: FaultRequest
  readonly startedMs: number
  writes: number
  cancelTimer: () => void
  /** On its way to its end: asked for twice, it ends once. */
  ending: Promise<EndedFault> | undefined
}

/** For a fault that ends by itself: nobody waits for it who could give up. */
const END_TIMEOUT_MS = 60_000

export class ActiveFaults implements RunFaults {
  readonly #entries = new Map<string, Entry>()
  /** Of those that ended by themselves, until their name is used again. */
  readonly #ended = new Map<string, EndedFault>()
  readonly #onFailure: (message: string) => void

  /** `onFailure`: a fault that was to end by itself could not be ended; it is still on. */
  constructor(onFailure: (message: string) => void) {
    this.#onFailure = onFailure
  }

  active(): ActiveFault[] {
    return [...this.#entries.values()].map(({ fault }) => fault)
  }

  async begin(fault: FaultRequest, options: Options): Promise<void> {
    const { name, clock, forMs } = fault
    if (this.#entries.has(name)) {
      throw new StepError(
        'invalid',
        `a fault named ${name} is on already; heal it first, or give this one another name`,
      )
    }
    const cancelTimer = () => undefined
    const entry: Entry = { fault, startedMs: clock.nowMs(), writes: 0, cancelTimer, ending: undefined }
    this.#entries.set(name, entry)
    this.#ended.delete(name)
    try {
      await fault.begin(options)
    } catch (error) {
      this.#entries.delete(name)
      throw error
    }
    if (forMs !== undefined) entry.cancelTimer = clock.timer(forMs, () => void this.#expire(entry))
  }

  async end(name: string, options: Options): Promise<EndedFault | undefined> {
    const entry = this.#entries.get(name)
    return entry === undefined ? this.#ended.get(name) : this.#end(entry, options)
  }

  /** A call that may write begins; what it gives is told whether it has written. */
  beginWrite(): (hasWritten: boolean) => void {
    const met = new Set(this.#entries.values())
    return (hasWritten) => {
      if (!hasWritten) return
      for (const entry of this.#entries.values()) met.add(entry)
      for (const entry of met) entry.writes += 1
    }
  }

  /** The run is over: nothing ends by itself any more. */
  close(): void {
    for (const entry of this.#entries.values()) entry.cancelTimer()
  }

  async #expire(entry: Entry): Promise<void> {
    const { name } = entry.fault
    try {
      this.#ended.set(name, await this.#end(entry, { signal: AbortSignal.timeout(END_TIMEOUT_MS) }))
    } catch (error) {
      this.#onFailure(`the fault ${name} could not be ended: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #end(entry: Entry, options: Options): Promise<EndedFault> {
    entry.ending ??= this.#endNow(entry, options).finally(() => {
      entry.ending = undefined
    })
    return entry.ending
  }

  async #endNow(entry: Entry, options: Options): Promise<EndedFault> {
    const { fault, startedMs } = entry
    entry.cancelTimer()
    const counts = await fault.counts?.(options)
    await fault.end(options)
    this.#entries.delete(fault.name)
    const { name, what, nodes, clock } = fault
    return { name, what, nodes, lastedMs: clock.nowMs() - startedMs, writes: entry.writes, counts }
  }
}
