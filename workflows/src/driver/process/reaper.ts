// calbox's end of the reaper (reaper-main.ts): starts it with the first node, tells it of each node, and releases it.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { EngineAddress } from '../docker/engine/engine-address.ts'
import { DriverError } from '../errors.ts'
import { REAPER_RESTARTS_MAX } from '../limits.ts'
import type { ProcessIdentity } from './process-identity.ts'
import type { ProcessGuard } from './program-group.ts'

type Watched = ProcessIdentity & { readonly wholeGroup?: true }

export class Reaper implements ProcessGuard {
  readonly #entry: string
  readonly #watched = new Map<number, Watched>()
  /** Containers: which driver's, where, and those that shall survive. */
  readonly #engines = new Map<string, { address: EngineAddress; driverId: string }>()
  readonly #kept = new Set<string>()
  #process: ChildProcess | undefined
  #starts = 0
  #released = false

  /** `entry` is the program file of the reaper. */
  constructor(entry = reaperEntry()) {
    this.#entry = entry
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts the process, so that the first `watch` finds it running. Idempotent. */
  start(): void {
    if (this.#process !== undefined || this.#released) return
    if (this.#starts++ > REAPER_RESTARTS_MAX) {
      throw new DriverError('SPAWN_FAILED', `the reaper process (${this.#entry}) keeps ending; see whether it can run`)
    }
    const child = spawn(process.execPath, [this.#entry], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    this.#process = child
    // Both: a process that cannot be started only reports an error.
    child.once('error', () => this.#gone(child))
    child.once('exit', () => this.#gone(child))
    // It ended while being written to: `exit` tells.
    child.stdin?.on('error', () => {})
    child.unref()
    if (child.stdin instanceof Socket) child.stdin.unref()
    for (const node of this.#watched.values()) this.#send({ watch: node })
    for (const engine of this.#engines.values()) this.#send({ engine })
    for (const id of this.#kept) this.#send({ keepContainer: id })
  }

  /** From the moment this returns, the node dies with calbox. `wholeGroup`: so does what it leaves behind in its group. */
  watch(node: Watched): void {
    this.#watched.set(node.pid, node)
    this.start()
    this.#send({ watch: node })
  }

  unwatch(pid: number): void {
    if (this.#watched.delete(pid)) this.#send({ unwatch: pid })
  }

  /** From here on all containers of this driver in that engine die with calbox, those still to be made included. */
  watchEngine(address: EngineAddress, driverId: string): void {
    if (this.#engines.has(address.url)) return
    this.#engines.set(address.url, { address, driverId })
    this.start()
    this.#send({ engine: { address, driverId } })
  }

  /** This one does not. */
  keepContainer(id: string): void {
    this.#kept.add(id)
    this.#send({ keepContainer: id })
  }

  /** The regular end: what is still watched stays alive. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#send({ release: true })
    this.#process?.stdin?.end()
  }

  /** A small write to an empty pipe happens at once, so a kill right after `watch` finds the node known. */
  #send(message: unknown): void {
    this.#process?.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  /** Somebody ended the reaper: nodes must not be without one. */
  #gone(child: ChildProcess): void {
    if (this.#process !== child) return
    this.#process = undefined
    if (!this.#released && this.#watched.size + this.#engines.size > 0 && this.#starts <= REAPER_RESTARTS_MAX)
      this.start()
  }
}

/** Beside this file in the sources; beside the program file in a bundle. */
export function reaperEntry(): string {
  const candidates = ['./reaper-main.ts', './reaper.js', '../reaper.js'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const entry = candidates.find((path) => existsSync(path))
  if (entry !== undefined) return entry
  throw new DriverError('SPAWN_FAILED', `the reaper program is missing; looked for ${candidates.join(', ')}`)
}
