// Who wants the process of one node down, or still: steps, until a step says otherwise, and faults, each until its own end. It
// is down as long as somebody wants that, else still as long as somebody wants that, and goes on with the end of the last. A
// step that starts it or lets it go on ends the faults that were to keep it from that. One change at a time.
import type { HoldKind, ProcessHold, ProcessPort } from '../../steps/fault/making/fault-port.ts'
import { RESTART_READY_TIMEOUT_SEC } from '../../steps/limits.ts'
import { StepError } from '../../steps/step-error.ts'
import type { StartNodeOptions } from '../../steps/step-kind.ts'
import type { SourcePlace } from '../events.ts'
import { settled } from './settled.ts'

type Options = { readonly signal: AbortSignal }

/** What can be done to it. */
export interface NodeProcess {
  readonly name: string
  readonly running: boolean
  /** False where that cannot be told. */
  readonly paused: boolean
  /** How it ended. */
  stop(options: Options & { readonly kill?: boolean }): Promise<string>
  /** Nothing where it runs. */
  start(options: StartNodeOptions): Promise<void>
  /** StepError `not_running`, `unsupported`. */
  pause(options: Options): Promise<void>
  resume(options: Options): Promise<void>
}

interface Holder {
  readonly how: HoldKind
  readonly onBroken: (by: string) => void
}

export class ProcessHolds implements ProcessPort {
  readonly #process: NodeProcess
  readonly #holders = new Set<Holder>()
  #isStoppedByStep = false
  #pausedBy: { readonly place: SourcePlace | undefined } | undefined
  /** Settles when all that was asked for has been done. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(process: NodeProcess) {
    this.#process = process
  }

  /** Of the step that paused it. */
  get pausedAt(): SourcePlace | undefined {
    return this.#pausedBy?.place
  }

  /** By a step or a fault; a signal of somebody else is not known here. */
  get isHeldStill(): boolean {
    return this.#isWanted('still')
  }

  /** Asked for by a step, as the three below. */
  stop(options: Options & { readonly kill?: boolean }): Promise<string> {
    return this.#inTurn(options, async () => {
      const wasRunning = this.#process.running
      try {
        return await this.#process.stop(options)
      } finally {
        if (!this.#process.running) {
          this.#isStoppedByStep = true
          this.#pausedBy = undefined
          if (wasRunning) this.#break('stopped', ({ how }) => how === 'pause')
        }
      }
    })
  }

  start(options: StartNodeOptions): Promise<void> {
    return this.#inTurn(options, async () => {
      const wasRunning = this.#process.running
      await this.#process.start(options)
      this.#isStoppedByStep = false
      if (wasRunning) return
      this.#pausedBy = undefined
      this.#break('started', () => true)
    })
  }

  pause(place: SourcePlace | undefined, options: Options): Promise<void> {
    return this.#inTurn(options, async () => {
      await this.#process.pause(options)
      this.#pausedBy = { place }
    })
  }

  resume(options: Options): Promise<void> {
    return this.#inTurn(options, async () => {
      await this.#process.resume(options)
      this.#pausedBy = undefined
      this.#break('resumed', ({ how }) => how === 'pause')
    })
  }

  hold(how: HoldKind, onBroken: (by: string) => void): ProcessHold {
    const holder: Holder = { how, onBroken }
    const holders = this.#holders
    return {
      get isOn() {
        return holders.has(holder)
      },
      begin: (options) => this.#inTurn(options, () => this.#begin(holder, options)),
      release: (options) => this.#inTurn(options, () => this.#release(holder, options)),
    }
  }

  restart(options: Options): Promise<void> {
    return this.#inTurn(options, async () => {
      if (!this.#process.running) throw this.#notRunning()
      await this.#process.stop(options)
      await this.#goOn(options)
    })
  }

  async #begin(holder: Holder, options: Options): Promise<void> {
    const { running } = this.#process
    const isHeldDown = [...this.#holders].some(({ how }) => how !== 'pause')
    if (!running && (holder.how === 'pause' || !isHeldDown)) throw this.#notRunning()
    try {
      if (holder.how === 'pause') await this.#process.pause(options)
      else if (running) await this.#process.stop({ ...options, kill: holder.how === 'kill' })
      this.#holders.add(holder)
    } finally {
      // What came about though it failed is mended with the rest.
      const hasHappened = holder.how === 'pause' ? this.#process.paused : !this.#process.running
      if (hasHappened) this.#holders.add(holder)
    }
  }

  /** Last of all it holds no more: what failed can be asked for again. */
  async #release(holder: Holder, options: Options): Promise<void> {
    if (!this.#holders.has(holder)) return
    if (holder.how !== 'pause') {
      if (!this.#isWanted('down', holder)) await this.#goOn(options)
    } else if (this.#process.running && !this.#isWanted('still', holder)) {
      await this.#process.resume(options)
    }
    this.#holders.delete(holder)
  }

  async #goOn(options: Options): Promise<void> {
    await this.#process.start({ ...options, readyTimeoutMs: RESTART_READY_TIMEOUT_SEC * 1000 })
    if (this.#isWanted('still')) await this.#process.pause(options)
  }

  /** By anybody but this one. */
  #isWanted(what: 'down' | 'still', but?: Holder): boolean {
    if (what === 'down' ? this.#isStoppedByStep : this.#pausedBy !== undefined) return true
    return [...this.#holders].some((each) => each !== but && (each.how === 'pause') === (what === 'still'))
  }

  #break(how: string, isOver: (holder: Holder) => boolean): void {
    for (const holder of [...this.#holders].filter(isOver)) {
      this.#holders.delete(holder)
      holder.onBroken(`a step has ${how} ${this.#process.name}`)
    }
  }

  #notRunning(): StepError {
    const { name } = this.#process
    return new StepError('not_running', `node ${name} is not running: a fault of its process would be none`, {
      node: name,
    })
  }

  async #inTurn<T>({ signal }: Options, act: () => Promise<T>): Promise<T> {
    const before = this.#last
    const done = Promise.withResolvers<void>()
    this.#last = before.then(() => done.promise)
    try {
      await settled(before, signal)
      return await act()
    } finally {
      done.resolve()
    }
  }
}
