// One container from its start to its end: signalled, paused, awaited. Its end is known through a request that the engine
// answers when it happens; nothing is polled.
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExitCause } from '../../driver.ts'
import { DriverError } from '../../errors.ts'
import { ENGINE_RETRY_MS, KILL_TIMEOUT_MS } from '../../limits.ts'
import { sleep } from '../../until.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { field, numberField } from '../engine/engine-reply.ts'
import type { NodeLife } from '../node-host.ts'

export interface ContainerOptions {
  /** Resolves when all it wrote can be read: only then its end is told. */
  readonly drained: Promise<void>
  /** Ends the watch: nobody wants to know any more. */
  readonly signal: AbortSignal
}

/** A process that a signal ended has this exit code and its number. */
const SIGNALLED = 128

export class Container implements NodeLife {
  readonly id: string
  /** Never rejects. */
  readonly exited: Promise<ExitCause>
  readonly #engine: EngineClient
  #cause: ExitCause | undefined
  #isPaused = false

  constructor(engine: EngineClient, id: string, options: ContainerOptions) {
    this.#engine = engine
    this.id = id
    this.exited = this.#end(options)
  }

  get cause(): ExitCause | undefined {
    return this.#cause
  }

  get isPaused(): boolean {
    return this.#isPaused && this.#cause === undefined
  }

  /** SIGTERM, and SIGKILL after the grace period. An abort shortens the grace to nothing. */
  async stop(graceMs: number, signal?: AbortSignal): Promise<ExitCause> {
    if (this.#cause !== undefined) return this.#cause
    await this.#signal('SIGTERM')
    const polite = new AbortController()
    const grace = AbortSignal.any(signal === undefined ? [polite.signal] : [polite.signal, signal])
    const ended = await Promise.race([this.exited, sleep(graceMs, grace).catch(() => undefined)])
    polite.abort()
    return ended ?? this.kill()
  }

  async kill(): Promise<ExitCause> {
    if (this.#cause !== undefined) return this.#cause
    await this.#signal('SIGKILL')
    const waited = new AbortController()
    const late = sleep(KILL_TIMEOUT_MS, waited.signal).then(
      () => 'late' as const,
      () => 'late' as const,
    )
    const ended = await Promise.race([this.exited, late])
    waited.abort()
    if (ended !== 'late') return ended
    throw new DriverError('NODE_STUCK', `container ${this.id} is still there ${KILL_TIMEOUT_MS} ms after SIGKILL`)
  }

  /** Rejects where it goes on: some engines cannot hold one still, and say so. */
  async pause(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    for (let left = FREEZE_TRIES - 1; ; left -= 1) {
      try {
        await this.#hold('pause', options)
        break
      } catch (error) {
        if (left === 0 || !HAS_GIVEN_UP.test(String(error))) throw error
        await delay(ENGINE_RETRY_MS, undefined, options)
      }
    }
    this.#isPaused = true
  }

  async resume(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#hold('unpause', options)
    this.#isPaused = false
  }

  /** What is so already is refused by engines in several ways: it is looked at. */
  async #hold(what: 'pause' | 'unpause', options: { readonly signal?: AbortSignal }): Promise<void> {
    const path = `/containers/${this.id}`
    await this.#engine.json('POST', `${path}/${what}`, options).catch(async (error: unknown) => {
      if (engineStatus(error) === undefined) throw error
      if (what === 'unpause' && GOES_ON.test(String(error))) return
      const state = await this.#engine
        .json('GET', `${path}/json`, options)
        .then((seen) => field(seen, 'State'), unlessSo)
      const isPaused = field(state, 'Paused') === true
      if (what === 'pause' ? !isPaused : isPaused) throw error
    })
  }

  /** What is frozen gets it when it goes on, which some engines see to and others do not. */
  async #signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#engine.json('POST', `/containers/${this.id}/kill`, { query: { signal } }).catch(unlessSo)
    if (this.#cause === undefined) await this.resume()
  }

  async #end({ drained, signal }: ContainerOptions): Promise<ExitCause> {
    const cause = await this.#watch(signal)
    await drained
    this.#cause = cause
    return cause
  }

  async #watch(signal: AbortSignal): Promise<ExitCause> {
    let code: number | undefined
    while (!signal.aborted) {
      try {
        code = numberField(
          await this.#engine.json('POST', `/containers/${this.id}/wait`, { signal, isWait: true }),
          'StatusCode',
        )
        const state = field(await this.#engine.json('GET', `/containers/${this.id}/json`, { signal }), 'State')
        if (field(state, 'Running') !== true) return causeOf(numberField(state, 'ExitCode') ?? code, state)
      } catch (error) {
        // Removed: what the wait said is all there is to know.
        if (engineStatus(error) === 404) return code === undefined ? {} : causeOf(code)
        // The engine itself is being restarted; the container may well live.
        if (!signal.aborted) await delay(ENGINE_RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
    return new Promise(() => {})
  }
}

/**
 * What runc says when processes of a busy container were started faster than it could freeze them (cgroup v1): it has let all of them go on
 * then, and can be asked again.
 */
const HAS_GIVEN_UP = /unable to freeze/
const FREEZE_TRIES = 10

/** What runc says of one that is not frozen. Docker lets go on what it signals, and writes down later that it has: its own word is old then. */
const GOES_ON = /cannot resume a running process/

export function causeOf(code: number | undefined, state?: unknown): ExitCause {
  const outOfMemory = field(state, 'OOMKilled') === true
  const signal = code === undefined ? undefined : signalOf(code - SIGNALLED)
  if (signal !== undefined) return { signal, ...(outOfMemory && { outOfMemory }) }
  return { ...(code !== undefined && { code }), ...(outOfMemory && { outOfMemory }) }
}

function signalOf(number: number): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(([, each]) => each === number)
  return found?.[0] as NodeJS.Signals | undefined
}

/** 404 and 409: it has ended. 500: some engines say so then. */
function unlessSo(error: unknown): void {
  const status = engineStatus(error)
  if (status !== 404 && status !== 409 && status !== 500) throw error
}
