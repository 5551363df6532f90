// The main thread's end of one guest worker: start it, give it one run at a time, end it when a job takes too long.
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../base/clock.ts'
import { timeoutFault } from '../call/guest-fault.ts'
import type { GuestErrorKind, GuestJob, GuestOutcome, RunOptions } from '../guest-executor.ts'
import { HOST_LIMITS } from '../limits.ts'
import { RuntimeError } from '../runtime-error.ts'
import { portableRequest, type RunRequest, type WorkerMessage, type WorkerSettings } from './guest-worker-messages.ts'
import { KnownModules } from './known-modules.ts'

export interface ThreadOptions extends WorkerSettings {
  /** `guest-worker`, as source or bundled. */
  readonly program: URL
  readonly clock: Clock
  readonly callLimitMs: number
  readonly applyLimitMs: number
}

interface CurrentRun {
  readonly request: RunRequest
  readonly outcomes: GuestOutcome[]
  readonly onOutcome: (outcome: GuestOutcome) => void
  readonly resolve: (outcomes: GuestOutcome[]) => void
  readonly reject: (reason: unknown) => void
  cancelTimer: () => void
  jobStartedMs: number
}

export class GuestThread {
  /** Rejects with RuntimeError when the worker cannot start. */
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #options: ThreadOptions
  readonly #exited: Promise<void>
  readonly #modules = new KnownModules()
  #current: CurrentRun | undefined
  #lost: string | undefined

  constructor(options: ThreadOptions) {
    this.#options = options
    const settings: WorkerSettings = { storeLocation: options.storeLocation, blobFolder: options.blobFolder }
    // Read by V8 when a thread makes its heap; that of this thread is made.
    setFlagsFromString(`--initial-old-space-size=${HOST_LIMITS.workerHeapFirstMb}`)
    this.#worker = new Worker(options.program, {
      name: 'guest',
      workerData: settings,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HOST_LIMITS.workerHeapMb, stackSizeMb: HOST_LIMITS.workerStackMb },
    })
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ready') resolve()
        else this.#onMessage(message)
      })
      const lose = (why: string, cause?: unknown) => {
        reject(new RuntimeError('WORKER_FAILED', `a guest worker could not start: ${why}`, { cause }))
        this.#lose(why)
      }
      this.#worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error), error))
      this.#worker.on('exit', (code) => lose(`it ended with code ${code}`))
    })
    // Whoever runs something on it waits for `ready`; a spare that fails is only lost.
    this.ready.catch(() => {})
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.#worker.unref()
  }

  /** False once the worker has ended or is being ended. */
  get alive(): boolean {
    return this.#lost === undefined
  }

  onLost(listener: () => void): void {
    this.#worker.once('exit', listener)
  }

  /** One outcome a job, fewer after a machine failure or the budget. Rejects with RuntimeError and `signal.reason`. */
  async run(request: RunRequest, { signal, onOutcome = () => {} }: RunOptions = {}): Promise<GuestOutcome[]> {
    const onAbort = () => {
      this.#end()?.reject(signal?.reason)
      void this.terminate()
    }
    // Idle threads do not keep the process alive; one that is asked for something does, its start included.
    this.#worker.ref()
    try {
      await this.ready
      signal?.throwIfAborted()
      signal?.addEventListener('abort', onAbort, { once: true })
      return await this.#dispatch(request, onOutcome)
    } finally {
      this.#worker.unref()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Resolves when the thread is gone. A run in progress ends as `worker_lost`. */
  async terminate(): Promise<void> {
    this.#lose('it was terminated')
    // Keeps the process alive until the store's handle in the thread is released.
    this.#worker.ref()
    await this.#worker.terminate()
    await this.#exited
  }

  #dispatch(request: RunRequest, onOutcome: (outcome: GuestOutcome) => void): Promise<GuestOutcome[]> {
    if (request.jobs.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const timing = { cancelTimer: () => {}, jobStartedMs: performance.now() }
      this.#current = { request, outcomes: [], onOutcome, resolve, reject, ...timing }
      if (this.#lost !== undefined) {
        this.#fail('worker_lost', this.#lost)
        return
      }
      try {
        this.#worker.postMessage(portableRequest(request, this.#modules.name(request.module)))
        this.#startTimer(this.#current)
      } catch (error) {
        this.#modules.unsent(request.module)
        this.#end()
        reject(error)
      }
    })
  }

  #onMessage(message: WorkerMessage): void {
    const current = this.#current
    if (!current) return
    if (message.type === 'outcome') {
      current.outcomes.push(message.outcome)
      current.cancelTimer()
      current.jobStartedMs = performance.now()
      if (message.isLast) this.#end()
      else this.#startTimer(current)
      current.onOutcome(message.outcome)
      if (message.isLast) current.resolve(current.outcomes)
    } else if (message.type === 'failed') {
      this.#end()?.reject(
        new RuntimeError('WORKER_FAILED', `a guest worker could not finish its run: ${message.message}`),
      )
    }
  }

  #startTimer(current: CurrentRun): void {
    const index = current.outcomes.length
    const job = current.request.jobs[index]
    if (!job) return
    const limitMs = this.#limitMs(job)
    current.cancelTimer = this.#options.clock.setTimer(() => {
      // The main thread may have been the slow one: what has already arrived is taken in first.
      setImmediate(() => {
        if (this.#current !== current || current.outcomes.length !== index) return
        this.#fail('timeout', timeoutFault(job, limitMs).message)
        void this.terminate()
      })
    }, limitMs)
  }

  #limitMs(job: GuestJob): number {
    return job.kind === 'call' ? this.#options.callLimitMs : this.#options.applyLimitMs
  }

  #lose(why: string): void {
    this.#lost ??= why
    if (this.#current) this.#fail('worker_lost', why)
  }

  /** Ends the run with a failure of the job that is running. */
  #fail(kind: GuestErrorKind, why: string): void {
    const current = this.#end()
    if (!current) return
    const job = current.request.jobs[current.outcomes.length]
    if (job) {
      const message = kind === 'worker_lost' ? `the guest's worker was lost: ${why}` : why
      const outcome = lostOutcome(kind, message, job.env.timeNs, performance.now() - current.jobStartedMs)
      current.outcomes.push(outcome)
      current.onOutcome(outcome)
    }
    current.resolve(current.outcomes)
  }

  #end(): CurrentRun | undefined {
    const current = this.#current
    this.#current = undefined
    current?.cancelTimer()
    return current
  }
}

function lostOutcome(kind: GuestErrorKind, message: string, timeNs: bigint, tookMs: number): GuestOutcome {
  const none = { logs: [], events: [], changes: [], privateChanges: [], xcalls: [], proposals: [], approvals: [] }
  return { status: 'error', error: { kind, message }, ...none, beganNs: timeNs, timeNs, tookMs }
}
