// The container of a node as other commands see it, from its record alone: whether it runs, stopping it, its log.
import type { ExitCause, NodeLog, PiecesOptions } from '../driver.ts'
import { LOG_TEXT_MAX_BYTES } from '../limits.ts'
import { LogFile } from '../process/log-file.ts'
import type { ContainerPlace, NodeRecord } from '../state/node-state.ts'
import { LogPump, logPath } from './container/log-pump.ts'
import { EngineClient, engineStatus } from './engine/engine-client.ts'
import { field } from './engine/engine-reply.ts'
import { logFrames, sinceOf, stampedLine } from './engine/log-frames.ts'
import type { LogCopy } from './node-host.ts'
import { removeContainer } from './reap.ts'
import { removeNetwork } from './run-networks.ts'
import { lifeOf } from './swarm/placed-life.ts'
import { removeOverlay, removeService } from './swarm/remove-services.ts'
import { hasEnded, taskOf } from './swarm/tasks.ts'

export async function containerState(
  { id, engine: address, service }: ContainerPlace,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<'running' | 'paused' | 'ended'> {
  const engine = await EngineClient.connect(address, { signal })
  if (service?.machine !== undefined) {
    const task = await taskOf(engine, service.id, signal)
    return task === undefined || hasEnded(task) ? 'ended' : 'running'
  }
  try {
    const state = field(await engine.json('GET', `/containers/${id}/json`, { signal }), 'State')
    if (field(state, 'Running') !== true) return 'ended'
    return field(state, 'Paused') === true ? 'paused' : 'running'
  } catch (error) {
    if (engineStatus(error) === 404) return 'ended'
    throw error
  }
}

/**
 * SIGTERM, grace, SIGKILL, as the driver would; the log that only the engine has goes to its file, and all else goes. One that has
 * ended by itself goes, too. An abort before the engine has answered ends it.
 */
export async function stopRecordedContainer(
  record: NodeRecord,
  place: ContainerPlace,
  options: { readonly graceMs: number; readonly signal?: AbortSignal | undefined },
): Promise<ExitCause> {
  const engine = await EngineClient.connect(place.engine, { signal: options.signal })
  const open = new AbortController()
  const { signal } = open
  const rest = { engine, source: place, file: record.logFile, after: place.logUntil, follow: true, signal }
  // A calbox that uses it writes its log.
  const written: LogCopy = { done: Promise.resolve(), last: '' }
  const copy = (ended?: Promise<void>) => (record.owner === undefined ? new LogPump({ ...rest, ended }) : written)
  const cause = await lifeOf(engine, place, copy, signal).life.stop(options.graceMs, options.signal)
  if (place.service !== undefined) {
    await removeService(engine, place.service)
    await removeOverlay(engine, record.runId)
    return cause
  }
  await removeContainer(engine, place.id)
  await removeNetwork(engine, record.runId)
  return cause
}

/** The file up to where it ends, and what the engine has beyond. Offsets count on from the file into it. */
export class RecordedLog implements NodeLog {
  readonly path: string
  readonly #file: LogFile
  readonly #place: ContainerPlace

  constructor(record: NodeRecord, place: ContainerPlace) {
    this.path = record.logFile
    this.#file = new LogFile(record.logFile, 0, () => true)
    this.#place = place
  }

  async text(): Promise<string> {
    return (await this.#file.text()) + (await this.#beyond()).toString('utf8')
  }

  async *pieces(options?: PiecesOptions): AsyncGenerator<string> {
    yield* this.#file.pieces(options)
    for await (const chunk of this.#lines(false)) yield chunk.toString('utf8')
  }

  async end(): Promise<number> {
    return (await this.#file.end()) + (await this.#beyond()).length
  }

  async tail(lines: number, upTo = Number.POSITIVE_INFINITY): Promise<string[]> {
    if (lines <= 0) return []
    const fileEnd = await this.#file.end()
    const beyond = (await this.#beyond()).subarray(0, Math.max(0, Math.min(upTo, Number.MAX_SAFE_INTEGER) - fileEnd))
    const later = beyond.toString('utf8').split('\n')
    if (later.at(-1) === '') later.pop()
    const earlier = later.length < lines ? await this.#file.tail(lines - later.length, Math.min(upTo, fileEnd)) : []
    return [...earlier, ...later.slice(-lines)]
  }

  async *follow(options: { readonly signal: AbortSignal; readonly from?: number }): AsyncGenerator<string> {
    let skip = Math.max(0, (options.from ?? (await this.end())) - (await this.#file.end()))
    let rest = ''
    try {
      for await (const chunk of this.#lines(true, options.signal)) {
        const kept = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - kept.length
        const parts = (rest + kept.toString('utf8')).split('\n')
        rest = parts.pop() ?? ''
        yield* parts
      }
    } catch (error) {
      if (!options.signal.aborted) throw error
    }
    if (rest !== '') yield rest
  }

  async #beyond(): Promise<Buffer> {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of this.#lines(false)) {
      chunks.push(chunk)
      length += chunk.length
      // The oldest goes.
      while (length > LOG_TEXT_MAX_BYTES) length -= chunks.shift()?.length ?? length
    }
    return Buffer.concat(chunks)
  }

  async *#lines(follow: boolean, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const { engine: address, logUntil = '' } = this.#place
    const engine = await EngineClient.connect(address)
    const since = logUntil === '' ? undefined : sinceOf(logUntil)
    const query = { stdout: true, stderr: true, timestamps: true, follow, since }
    const reply = await engine.stream('GET', logPath(this.#place), { query, signal }).catch((error: unknown) => {
      // Removed: the file has what there was.
      if (engineStatus(error) === 404) return undefined
      throw error
    })
    if (reply === undefined) return
    for await (const { payload } of logFrames(reply)) {
      const { at, text } = stampedLine(payload)
      if (at > logUntil) yield text
    }
  }
}
