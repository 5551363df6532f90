// Copies what a container writes into the log file of its node, where all that reads logs finds it. The engine keeps the
// whole log, so nothing is lost where the copy begins late, and after a break it goes on behind the last line it has.
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ENGINE_RETRY_MS } from '../../limits.ts'
import type { ContainerPlace } from '../../state/node-state.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { logFrames, sinceOf, stampedLine } from '../engine/log-frames.ts'
import type { LogCopy } from '../node-host.ts'

export interface LogPumpOptions {
  readonly engine: EngineClient
  /** A task of another machine has its log at the manager's. */
  readonly source: Pick<ContainerPlace, 'id' | 'service'>
  readonly file: string
  /** The stamp of the last line that the file has already. */
  readonly after?: string | undefined
  /** False: only what is there now. */
  readonly follow: boolean
  /** That it ends, where its log does not end then. */
  readonly ended?: Promise<void> | undefined
  readonly signal: AbortSignal
}

export function logPath({ id, service }: LogPumpOptions['source']): string {
  return service?.machine === undefined ? `/containers/${id}/logs` : `/services/${service.id}/logs`
}

export class LogPump implements LogCopy {
  /** When the container has ended and all of its log is in the file, or the signal came. Never rejects. */
  readonly done: Promise<void>
  readonly #options: LogPumpOptions
  #last: string

  constructor(options: LogPumpOptions) {
    this.#options = options
    this.#last = options.after ?? ''
    this.done = this.#run()
  }

  /** Of the last line in the file. */
  get last(): string {
    return this.#last
  }

  async #run(): Promise<void> {
    const { signal, ended, follow } = this.#options
    const over = new AbortController()
    void ended?.then(() => over.abort())
    while (!signal.aborted) {
      try {
        await this.#copy(follow && !over.signal.aborted, ended && AbortSignal.any([signal, over.signal]))
        if (ended === undefined || !follow || over.signal.aborted) return
        await ended
      } catch (error) {
        if (over.signal.aborted && !signal.aborted && engineStatus(error) === undefined) continue
        // Removed by somebody: there is no more to come.
        if (signal.aborted || engineStatus(error) !== undefined) return
        await delay(ENGINE_RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  async #copy(follow: boolean, until?: AbortSignal): Promise<void> {
    const { engine, source, file } = this.#options
    const signal = follow ? (until ?? this.#options.signal) : this.#options.signal
    const since = this.#last === '' ? undefined : sinceOf(this.#last)
    const query = { stdout: true, stderr: true, timestamps: true, follow, since }
    const reply = await engine.stream('GET', logPath(source), { query, signal })
    const log = await open(file, 'a', 0o600)
    try {
      for await (const { payload } of logFrames(reply)) {
        const { at, text } = stampedLine(payload)
        if (at <= this.#last) continue
        await log.write(text)
        this.#last = at
      }
    } finally {
      await log.close()
    }
  }
}
