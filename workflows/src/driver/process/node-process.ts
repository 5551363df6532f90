// One node as a process: spawned with its output straight into the log file, or found running; signalled and awaited.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { ExitCause } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { FOREIGN_EXIT_POLL_MS, GROUP_POLL_MS, KILL_TIMEOUT_MS, PAUSE_POLL_MS } from '../limits.ts'
import { sleep, until } from '../until.ts'
import {
  identify,
  isAlive,
  isPaused,
  isRestAlive,
  type ProcessIdentity,
  signalProcess,
  signalRest,
} from './process-identity.ts'

export interface NodeCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
  /** A descriptor that the process inherits as its fourth, number 3. */
  readonly socket?: number | undefined
  /** Another one, behind that. */
  readonly secret?: number | undefined
  /** Keeps this program alive until the process has ended; a node does not. */
  readonly awaited?: boolean
}

export class NodeProcess {
  readonly identity: ProcessIdentity
  /** When nothing of its group is left, either: the program of a node may have been started by a script. Never rejects. */
  readonly exited: Promise<ExitCause>
  #cause: ExitCause | undefined
  /** Over when the grace of a stop is; undefined while nobody has asked it to stop. */
  #grace: Promise<unknown> | undefined

  private constructor(identity: ProcessIdentity, first: Promise<ExitCause>) {
    this.identity = identity
    this.exited = this.#end(first)
  }

  /**
   * A process group of its own: Ctrl-C in the terminal reaches calbox only, which then ends its nodes in order. Never
   * keeps calbox alive. The exit listener is attached before anything else can happen.
   */
  static async spawn(node: NodeCommand): Promise<NodeProcess> {
    const log = openSync(node.logFile, 'a', 0o600)
    let child: ReturnType<typeof spawn>
    try {
      const handed = [node.socket, node.secret].filter((each) => each !== undefined)
      const stdio = ['ignore' as const, log, log, ...handed]
      child = spawn(node.command, node.args, { detached: true, stdio, env: node.env })
    } finally {
      closeSync(log)
    }
    const exited = new Promise<ExitCause>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }))
    })
    const { pid } = child
    if (pid === undefined) {
      const error = await new Promise((resolve) => child.once('error', resolve))
      throw new DriverError('SPAWN_FAILED', `cannot start ${node.command}`, { cause: error })
    }
    if (!node.awaited) child.unref()
    // Gone already: an identity that no process has.
    return new NodeProcess(identify(pid) ?? { pid, startId: 'ended' }, exited)
  }

  /** A process that an earlier calbox started; its end is noticed by looking, its cause cannot be known. */
  static attach(identity: ProcessIdentity): NodeProcess {
    return new NodeProcess(identity, foreignExit(identity))
  }

  get cause(): ExitCause | undefined {
    return this.#cause
  }

  /**
   * SIGTERM to the node, and when that has ended to what is left of its group; SIGKILL to all of it after the grace period. An
   * abort shortens the grace to nothing.
   */
  async stop(graceMs: number, signal?: AbortSignal): Promise<ExitCause> {
    if (this.#cause !== undefined) return this.#cause
    const polite = new AbortController()
    const grace = AbortSignal.any(signal === undefined ? [polite.signal] : [polite.signal, signal])
    const over = sleep(graceMs, grace).catch(() => undefined)
    this.#grace = over
    signalProcess(this.identity, 'SIGTERM', 'process')
    this.resume()
    const ended = await Promise.race([this.exited, over])
    polite.abort()
    return ended ?? this.kill()
  }

  async kill(): Promise<ExitCause> {
    if (this.#cause !== undefined) return this.#cause
    if (!signalProcess(this.identity, 'SIGKILL', 'group')) signalRest(this.identity.pid, 'SIGKILL')
    const waited = new AbortController()
    const late = sleep(KILL_TIMEOUT_MS, waited.signal).then(
      () => 'late' as const,
      () => 'late' as const,
    )
    const ended = await Promise.race([this.exited, late])
    waited.abort()
    if (ended !== 'late') return ended
    throw new DriverError(
      'NODE_STUCK',
      `process ${this.identity.pid} is still there ${KILL_TIMEOUT_MS} ms after SIGKILL`,
    )
  }

  /** Resolves when it really holds still: the signal is delivered thread by thread. */
  async pause(): Promise<void> {
    signalProcess(this.identity, 'SIGSTOP', 'group')
    await until({
      probe: async () =>
        this.#cause !== undefined || !isAlive(this.identity) || isPaused(this.identity)
          ? { done: undefined }
          : { seen: 'running' },
      timeoutMs: KILL_TIMEOUT_MS,
      firstMs: 1,
      maxMs: PAUSE_POLL_MS,
      expired: (waitedMs) => stuck(this.identity, 'SIGSTOP', waitedMs),
    })
  }

  /** Also after a pause by somebody else: continuing a running process does nothing. */
  resume(): void {
    signalProcess(this.identity, 'SIGCONT', 'group')
  }

  async #end(first: Promise<ExitCause>): Promise<ExitCause> {
    const cause = await first
    const { pid } = this.identity
    // Only who was asked to stop has time for it: a node whose first process is gone is no node any more.
    if (this.#grace !== undefined && signalRest(pid, 'SIGTERM')) {
      signalRest(pid, 'SIGCONT')
      await this.#restWithin(this.#grace)
    }
    // Of a kernel that holds one of them there is no more to be had.
    const gone = new AbortController()
    const late = sleep(KILL_TIMEOUT_MS, gone.signal).catch(() => undefined)
    if (signalRest(pid, 'SIGKILL')) await this.#restWithin(late)
    gone.abort()
    this.#cause = cause
    return cause
  }

  /** Resolves when nothing is left, or it is over. */
  async #restWithin(over: Promise<unknown>): Promise<void> {
    let isOver = false
    void over.then(() => {
      isOver = true
    })
    while (!isOver && isRestAlive(this.identity.pid)) await Promise.race([over, sleep(GROUP_POLL_MS)])
  }
}

function stuck(identity: ProcessIdentity, signal: NodeJS.Signals, waitedMs: number): DriverError {
  const message = `process ${identity.pid} shows no effect ${waitedMs} ms after ${signal}; the kernel holds it`
  return new DriverError('NODE_STUCK', message, { data: { pid: identity.pid, signal } })
}

async function foreignExit(identity: ProcessIdentity): Promise<ExitCause> {
  // Nobody stays alive only to see this.
  while (isAlive(identity)) await new Promise<void>((resolve) => setTimeout(resolve, FOREIGN_EXIT_POLL_MS).unref())
  return {}
}
