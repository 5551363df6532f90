// The nodes of a run: what steps act on, and who notices when one ends by itself.
import path from 'node:path'
import { NodeClient } from '../client/node-client.ts'
import type { ExitCause, NodeDriver, RunningNode } from '../driver/driver.ts'
import { describeExit } from '../driver/process/exit-cause.ts'
import type { ProcessGuard } from '../driver/process/program-group.ts'
import { Reaper } from '../driver/process/reaper.ts'
import { sleep } from '../driver/until.ts'
import type { PlannedRemoteNode } from '../plan/plan-types.ts'
import { logIn, renewTokens } from '../steps/auth/log-in.ts'
import type { StepClock } from '../steps/step-clock.ts'
import { StepError } from '../steps/step-error.ts'
import type { NodeHandle, NodeSession } from '../steps/step-kind.ts'
import type { EmitRunEvent } from './events.ts'
import { type FaultyNode, NodeFaults } from './faults/node-faults.ts'
import { ActiveFaults } from './faults/run-faults.ts'
import { takeOverFaults } from './faults/take-over-faults.ts'
import { EXIT_SETTLE_MS } from './limits.ts'
import { logInRemote, RemoteHandle } from './remote-handle.ts'
import { nodeExited, type StepAbortError } from './run-errors.ts'

export interface RunNodesParts {
  /** Undefined when all nodes are remote. */
  readonly driver?: NodeDriver | undefined
  readonly emit: EmitRunEvent
  readonly onUnexpectedExit: (error: StepAbortError) => void
}

/** A node as the run owns it. Its client changes with each start: the port may, too. */
interface Entry {
  readonly name: string
  node: RunningNode | undefined
  client: NodeClient | undefined
  /** Being stopped by a step: its end is expected. */
  stopping: boolean
  lastExit: string | undefined
  /** The last life, also when it has ended. */
  last: RunningNode | undefined
  /** Outlives a restart, as the tokens do. */
  readonly session: NodeSession
}

export class RunNodes {
  readonly #parts: RunNodesParts
  readonly #entries = new Map<string, Entry>()
  readonly #handles = new Map<string, NodeHandle>()
  readonly #faults = new NodeFaults((name) => this.#handles.get(name))
  /** Those that steps have begun, of all nodes. */
  readonly faults = new ActiveFaults((message) => this.#parts.emit({ type: 'note', level: 'warning', message }))

  #ownReaper: Reaper | undefined

  constructor(parts: RunNodesParts) {
    this.#parts = parts
  }

  add(node: RunningNode): void {
    const session: NodeSession = { accessToken: undefined, refreshToken: undefined }
    const { name } = node
    const entry: Entry = { name, node, client: undefined, stopping: false, lastExit: undefined, last: node, session }
    this.#entries.set(node.name, entry)
    this.#handles.set(node.name, this.#handle(entry))
    this.#adoptLife(entry, node)
  }

  /** Logs in where the file gives a name and password; a node that refuses them ends the run. */
  async addRemote(remote: PlannedRemoteNode, options: { signal: AbortSignal }): Promise<void> {
    const handle = new RemoteHandle(remote)
    this.#handles.set(remote.name, handle)
    if (remote.auth.method === 'password') await logInRemote(handle, remote.auth, options)
  }

  /** On every node that was started here. */
  async logIn(credentials: { username: string; password: string }, options: { signal: AbortSignal }): Promise<void> {
    const own = [...this.#entries.keys()].flatMap((name) => this.#handles.get(name) ?? [])
    await Promise.all(own.map((handle) => logIn(handle, credentials, options)))
  }

  /** Ends with calbox what steps start. Where all nodes are remote there is no driver that has one. */
  get guard(): ProcessGuard {
    const guard = this.#parts.driver?.guard
    if (guard) return guard
    this.#ownReaper ??= new Reaper()
    return this.#ownReaper
  }

  get(name: string): NodeHandle | undefined {
    return this.#handles.get(name)
  }

  all(): NodeHandle[] {
    return [...this.#handles.values()]
  }

  /** Those with a process now. */
  running(): RunningNode[] {
    return [...this.#entries.values()].flatMap((entry) => entry.node ?? [])
  }

  /** Every node of the driver, with its last life. */
  lives(): RunningNode[] {
    return [...this.#entries.values()].flatMap((entry) => entry.last ?? [])
  }

  nameOfUrl(url: string): string | undefined {
    return this.all().find((handle) => url.startsWith(`${handle.url}/`))?.name
  }

  /** How the node ended, if it did. */
  exitOf(name: string): string | undefined {
    return this.#entries.get(name)?.lastExit
  }

  /** What holds it still, and what lets it go on: nobody can answer then. */
  pausedBy(name: string): string | undefined {
    const node = this.#entries.get(name)?.node
    return node === undefined ? undefined : this.#parts.driver?.pausedBy?.(node)
  }

  async logTail(name: string, lines: number): Promise<string[]> {
    const node = this.#entries.get(name)?.last
    if (!node || !this.#parts.driver?.capabilities.logs) return []
    // A log that cannot be read must not hide the failure it was to explain.
    return this.#parts.driver
      .logs(node)
      .tail(lines)
      .catch(() => [])
  }

  /** Gives the news of an end a moment to arrive. */
  async settle(name: string, signal: AbortSignal): Promise<void> {
    const node = this.#entries.get(name)?.node
    if (!node) return
    const done = new AbortController()
    const pause = sleep(EXIT_SETTLE_MS, AbortSignal.any([signal, done.signal])).catch(() => undefined)
    await Promise.race([node.exited, pause])
    done.abort()
  }

  /** Nodes that an earlier run has kept bring what it left on them. Names of these faults. */
  async takeOverFaults(clock: StepClock, options: { signal: AbortSignal }): Promise<string[]> {
    const nodes = [...this.#entries.values()].flatMap(({ name, node, client }) =>
      node?.adopted === true && client !== undefined && this.#parts.driver?.capabilities.linkFaults === true
        ? [{ name, running: true, client }]
        : [],
    )
    const ports = (name: string) => this.#handles.get(name)?.faults
    return takeOverFaults({ nodes, nodeFaults: this.#faults, ports, faults: this.faults, clock }, options)
  }

  /** From here on every end is expected: the run itself is stopping its nodes. */
  expectAll(): void {
    this.faults.close()
    for (const entry of this.#entries.values()) entry.stopping = true
  }

  #adoptLife(entry: Entry, node: RunningNode): void {
    entry.node = node
    entry.last = node
    const client: NodeClient = new NodeClient(node.url, {
      token: () => entry.session.accessToken,
      renew: (refused) => renewTokens({ name: entry.name, url: node.url, client, session: entry.session }, refused),
    })
    entry.client = client
    entry.stopping = false
    entry.lastExit = undefined
    void node.exited.then((cause) => this.#ended(entry, node, cause))
  }

  #ended(entry: Entry, node: RunningNode, cause: ExitCause): void {
    if (entry.node !== node) return
    entry.node = undefined
    entry.client = undefined
    entry.lastExit = describeExit(cause)
    this.#parts.emit({ type: 'node:exited', node: entry.name, cause: entry.lastExit, expected: entry.stopping })
    if (!entry.stopping) this.#parts.onUnexpectedExit(nodeExited(entry.name, cause))
  }

  #handle(entry: Entry): NodeHandle {
    const driver = this.#driver()
    const stopped = () =>
      new StepError('not_running', `node ${entry.name} is not running: ${whyStopped(entry)}`, {
        node: entry.name,
        help: 'start it in a step before this one: type: start_node',
      })
    const isStill = () => this.pausedBy(entry.name) !== undefined
    return {
      name: entry.name,
      get client(): NodeClient {
        if (!entry.client) throw stopped()
        return entry.client
      },
      get url(): string {
        return entry.last?.url ?? ''
      },
      get running(): boolean {
        return entry.node !== undefined
      },
      get paused(): boolean {
        return isStill()
      },
      get directory(): string | undefined {
        return entry.last && (entry.last.directory ?? path.resolve(entry.last.spec.dataDir, entry.name))
      },
      session: entry.session,
      hostFiles: driver.capabilities.hostFiles,
      driver: driver.kind,
      placeFile: async (file) => (entry.node && (await driver.placeFile?.(entry.node, file))) ?? file,
      links: driver.capabilities.linkFaults ? this.#faults.linksOf(faultyNode(entry, stopped)) : undefined,
      faults: driver.capabilities.linkFaults ? this.#faults.portOf(faultyNode(entry, stopped)) : undefined,
      leaveNetwork: async (network, options) =>
        entry.last && (await driver.leaveNetwork?.(entry.last, network, options)),
      joinNetwork: async (network, options) => entry.last && (await driver.joinNetwork?.(entry.last, network, options)),
      pause: () => this.#still(entry, (node) => driver.pause(node)),
      resume: () => this.#still(entry, (node) => driver.resume(node)),
      logText: async () => (entry.last && driver.capabilities.logs ? driver.logs(entry.last).text() : undefined),
      exec: (args, options) => {
        const spec = entry.last?.spec
        if (driver.exec !== undefined && spec !== undefined) return driver.exec(spec, args, options)
        throw new StepError('unsupported', `the program of ${entry.name} cannot be run from here`, { node: entry.name })
      },
      stop: (options) => this.#stop(entry, options),
      start: (options) => this.#start(entry, options),
    }
  }

  async #still(entry: Entry, act: (node: RunningNode) => Promise<void>): Promise<void> {
    const { node } = entry
    if (!node) throw new StepError('not_running', `node ${entry.name} is not running`, { node: entry.name })
    if (!this.#driver().capabilities.pause) {
      throw new StepError('unsupported', `${entry.name} cannot be paused from here`, { node: entry.name })
    }
    await act(node)
  }

  async #stop(entry: Entry, options: { signal: AbortSignal; kill?: boolean }): Promise<string> {
    const { node } = entry
    if (!node) return 'was not running'
    entry.stopping = true
    const driver = this.#driver()
    if (entry.client) await this.#faults.beforeStop({ name: entry.name, running: true, client: entry.client }, options)
    const cause = await (options.kill ? driver.kill(node) : driver.stop(node, options))
    await node.exited
    return describeExit(cause)
  }

  async #start(entry: Entry, options: { signal: AbortSignal; readyTimeoutMs: number }): Promise<void> {
    if (entry.node) return
    const spec = entry.last?.spec
    if (!spec) return
    const started = performance.now()
    this.#parts.emit({ type: 'node:starting', node: entry.name })
    // On before it meets the others; what its driver does not hand over is put on as soon as it answers.
    const { faults: _healedMeanwhile, ...bare } = spec
    const faults = this.#faults.ofNode(entry.name)
    const node = await this.#driver().start(faults.length === 0 ? bare : { ...bare, faults }, options)
    this.#adoptLife(entry, node)
    if (entry.client) {
      await this.#faults.restore({ name: entry.name, running: true, client: entry.client }, options)
    }
    const tookMs = performance.now() - started
    this.#parts.emit({ type: 'node:ready', node: entry.name, url: node.url, tookMs, reused: false })
  }

  #driver(): NodeDriver {
    if (!this.#parts.driver) throw new Error('assertion failed: a node of a driver without a driver')
    return this.#parts.driver
  }
}

function faultyNode(entry: Entry, stopped: () => StepError): FaultyNode {
  return {
    name: entry.name,
    get running() {
      return entry.node !== undefined
    },
    get client() {
      if (!entry.client) throw stopped()
      return entry.client
    },
  }
}

function whyStopped(entry: Entry): string {
  const how = entry.lastExit === undefined ? '' : ` (${entry.lastExit})`
  return entry.stopping ? `a step stopped it${how}` : `it ended${how}`
}
