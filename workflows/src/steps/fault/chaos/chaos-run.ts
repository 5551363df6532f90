// Carries a schedule out beside the work that it happens to, and heals everything at the end, however that came.
import { seededRandom } from '../../control/seeded-random.ts'
import type { StepContext } from '../../step-kind.ts'
import type { FaultKind } from '../making/fault-kinds.ts'
import type { EndedFault, RunFaults } from '../making/fault-port.ts'
import { makeFault } from '../making/make-fault.ts'
import { type ChaosEntry, type ChaosOptions, chaosSchedule } from './schedule.ts'

type Options = { signal: AbortSignal }
export type ChaosEvent = EndedFault & { readonly kind: FaultKind; readonly startMs: number }

const HEAL_TIMEOUT_MS = 60_000
/** Where it was interrupted: somebody waits for it. What is still on then ends with the nodes, or before they are kept. */
const INTERRUPTED_HEAL_MS = 3_000

/** All of them are told at the end. Beyond, nothing more goes wrong while the work goes on. */
const FAULTS_MAX = 10_000

interface Course {
  readonly startedMs: number
  /** Nothing new begins, and what is on ends. */
  readonly stop: AbortSignal
  readonly interrupted: AbortSignal
}

export class ChaosRun {
  readonly #schedule: Generator<ChaosEntry>
  readonly #atOnce: number
  readonly #seed: string
  readonly #contextId: string
  readonly #context: StepContext
  readonly #happened: ChaosEvent[] = []
  /** By node: the end of its last fault. */
  readonly #busy = new Map<string, Promise<void>>()
  #count = 0

  /** Only writes to the context of this id count. */
  constructor(options: ChaosOptions, { seed, contextId }: { seed: string; contextId: string }, context: StepContext) {
    this.#atOnce = options.atOnce
    this.#schedule = chaosSchedule(options, seededRandom(`${seed} ${context.drawKey}`))
    this.#seed = seed
    this.#contextId = contextId
    this.#context = context
  }

  /** Resolves when the work has ended and all is healed. A fault that cannot be made ends the work. */
  async during(
    work: (signal: AbortSignal) => Promise<unknown>,
    faults: RunFaults,
    options: Options,
  ): Promise<readonly ChaosEvent[]> {
    const over = new AbortController()
    const broken = new AbortController()
    const signal = AbortSignal.any([options.signal, broken.signal])
    const stop = AbortSignal.any([signal, over.signal])
    const happening = this.#happen(faults, stop, options.signal).catch((error: unknown) => {
      broken.abort(error)
      throw error
    })
    const [worked, happened] = await Promise.allSettled([work(signal).finally(() => over.abort()), happening])
    if (happened.status === 'rejected') throw happened.reason
    if (worked.status === 'rejected') throw worked.reason
    return this.#happened.toSorted((a, b) => a.startMs - b.startMs)
  }

  /** Until the signal. Rejects with what could not be done, after everything else was healed. */
  async #happen(faults: RunFaults, signal: AbortSignal, interrupted: AbortSignal): Promise<void> {
    const { clock } = this.#context
    const startedMs = clock.nowMs()
    const failed = new AbortController()
    const stop = AbortSignal.any([signal, failed.signal])
    /** Those that have not come to their end: one may take longer than it was to. */
    const running = new Set<Promise<void>>()
    for (const entry of this.#schedule) {
      const waitMs = entry.startMs - (clock.nowMs() - startedMs)
      if (waitMs > 0) await clock.sleep(waitMs, stop).catch(() => undefined)
      while (running.size >= this.#atOnce && !stop.aborted) await Promise.race(running)
      if (stop.aborted || this.#count >= FAULTS_MAX) break
      const before = this.#busy.get(entry.node) ?? Promise.resolve()
      const done: Promise<void> = before
        .then(() => this.#one(entry, faults, { startedMs, stop, interrupted }))
        .catch((error: unknown) => failed.abort(error))
        .finally(() => running.delete(done))
      this.#busy.set(entry.node, done)
      running.add(done)
    }
    await Promise.all(running)
    if (failed.signal.aborted) throw failed.signal.reason
  }

  async #one(entry: ChaosEntry, faults: RunFaults, { startedMs, stop, interrupted }: Course): Promise<void> {
    if (stop.aborted) return
    const { clock } = this.#context
    const { kind, node, startMs, endMs, ...values } = entry
    this.#count += 1
    const name = `chaos ${this.#count}: ${kind} of ${node}`
    const nodes = [this.#context.node(node)]
    const seed = `${this.#seed} ${startMs}`
    const making = { kind, name, clock, ...values, seed, nodes, from: [], to: [], groups: [] }
    const beganMs = clock.nowMs() - startedMs
    // Not by `stop`: what has begun is carried through, and then healed. Only who interrupts the whole does not wait for it.
    const whole = { signal: AbortSignal.any([interrupted, AbortSignal.timeout(HEAL_TIMEOUT_MS)]) }
    const fault = { ...makeFault(making), contextId: this.#contextId, place: this.#context.place }
    await faults.begin(fault, whole)
    this.#context.progress(name)
    if (fault.isMomentary !== true) await clock.sleep(Math.max(0, endMs - startMs), stop).catch(() => undefined)
    const patienceMs = interrupted.aborted ? INTERRUPTED_HEAL_MS : HEAL_TIMEOUT_MS
    const ended = await faults.end(name, { signal: AbortSignal.timeout(patienceMs) })
    if (ended) this.#happened.push({ ...ended, kind, startMs: beganMs })
  }
}
