// Copies what a container writes into the log file of its node, where all that reads logs finds it. The engine keeps the
// whole log, so nothing is lost where the copy begins late, and after a break it goes on behind the last line it has.
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ENGINE_RETRY_MS } from '../../limits.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { logFrames, sinceOf, stampedLine } from '../engine/log-frames.ts'

export interface LogPumpOptions {
  readonly engine: EngineClient
  readonly id: string
  readonly file: string
  /** The stamp of the last line that the file has already. */
  readonly after?: string | undefined
  /** False: only what is there now. */
  readonly follow: boolean
  readonly signal: AbortSignal
}

export class LogPump {
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
    const { signal } = this.#options
    while (!signal.aborted) {
      try {
        await this.#copy()
        return
      } catch (error) {
        // Removed by somebody: there is no more to come.
        if (signal.aborted || engineStatus(error) !== undefined) return
        await delay(ENGINE_RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  async #copy(): Promise<void> {
    const { engine, id, file, follow, signal } = this.#options
    const since = this.#last === '' ? undefined : sinceOf(this.#last)
    const query = { stdout: true, stderr: true, timestamps: true, follow, since }
    const reply = await engine.stream('GET', `/containers/${id}/logs`, { query, signal })
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
