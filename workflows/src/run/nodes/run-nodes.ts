// The nodes of a run: what steps act on, and who notices when one ends by itself.
import path from 'node:path'
import { ClientError } from '../../client/client-error.ts'
import { NodeClient } from '../../client/node-client.ts'
import type { ExitCause, NodeDriver, RunningNode } from '../../driver/driver.ts'
import { describeExit } from '../../driver/process/exit-cause.ts'
import type { ProcessGuard } from '../../driver/process/program-group.ts'
import { Reaper } from '../../driver/process/reaper.ts'
import { sleep } from '../../driver/until.ts'
import type { PlannedRemoteNode } from '../../plan/plan-types.ts'
import { logIn, renewTokens } from '../../steps/auth/log-in.ts'
import type { ActiveFault } from '../../steps/fault/making/fault-port.ts'
import type { StepClock } from '../../steps/step-clock.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle, NodeSession, StartNodeOptions } from '../../steps/step-kind.ts'
import type { EmitRunEvent } from '../events.ts'
import { type StillNode, startHelp, stillnessOf, whyStill } from '../faults/held-nodes.ts'
import { type FaultyNode, NodeFaults, withToken } from '../faults/node-faults.ts'
import { type NodeProcess, ProcessHolds } from '../faults/process-holds.ts'
import { ActiveFaults } from '../faults/run-faults.ts'
import { takeOverFaults } from '../faults/take-over-faults.ts'
import { EXIT_SETTLE_MS, LAST_LOOK_SETTLE_MS, LAST_LOOK_TIMEOUT_MS } from '../limits.ts'
import { nodeExited, type StepAbortError } from '../run-errors.ts'
import { asMockTee } from './mock-tee.ts'
import { logInRemote, RemoteHandle } from './remote-handle.ts'

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
  /** Steps and faults act on its process through these. */
  readonly holds: ProcessHolds
}

export class RunNodes {
  readonly #parts: RunNodesParts
  readonly #entries = new Map<string, Entry>()
  readonly #handles = new Map<string, NodeHandle>()
  readonly #faults: NodeFaults
  /** Those that steps have begun, of all nodes. */
  readonly faults = new ActiveFaults((message) => this.#parts.emit({ type: 'note', level: 'warning', message }))

  #ownReaper: Reaper | undefined

  constructor(parts: RunNodesParts) {
    this.#parts = parts
    const links = parts.driver?.kernelLinks
    const note = (level: 'info' | 'warning', message: string) => parts.emit({ type: 'note', level, message })
    this.#faults = new NodeFaults((name) => this.#handles.get(name), links && { links, note })
  }

  add(node: RunningNode): void {
    const session: NodeSession = { accessToken: undefined, refreshToken: undefined }
    const { name } = node
    const state = { node, client: undefined, stopping: false, lastExit: undefined, last: node }
    const entry: Entry = { name, session, ...state, holds: new ProcessHolds(this.#processOf(() => entry)) }
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

  /** All that is wrong with nodes now because a step, or an earlier run, made it so. */
  faultsOn(): ActiveFault[] {
    const named = this.faults.active()
    const isNamed = (cut: ActiveFault) => named.some((each) => each.name === cut.name && overlap(each.nodes, cut.nodes))
    const paused = [...this.#entries.values()].flatMap((entry) => {
      const still = this.#stillNode(entry)
      return still === undefined ? [] : (stillnessOf(still, named) ?? [])
    })
    return [...named, ...this.#faults.cuts().filter((cut) => !isNamed(cut)), ...paused]
  }

  /** What holds it still, and what lets it go on: nobody can answer then. */
  pausedBy(name: string): string | undefined {
    const node = this.#entries.get(name)?.node
    return node === undefined ? undefined : this.#parts.driver?.pausedBy?.(node)
  }

  #stillNode({ name, holds }: Entry): StillNode | undefined {
    const how = this.pausedBy(name)
    return how === undefined ? undefined : { name, holds, how }
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

  /** A request that broke off may be the end of its node: gives the news of it a moment to arrive. */
  async settle(error: unknown, signal: AbortSignal): Promise<void> {
    const fault = networkFaultOf(error)
    if (fault === undefined || signal.aborted) return
    const name = this.nameOfUrl(fault.data.url)
    const node = name === undefined ? undefined : this.#entries.get(name)?.node
    if (node) await exitedWithin(node, EXIT_SETTLE_MS, signal)
  }

  /** Whether all that should run do so still. Who has ended, and nobody knows it yet, is told of before this resolves. */
  async lookForEnds({ signal }: { signal: AbortSignal }): Promise<void> {
    const looks = [...this.#entries.values()].map(async ({ name, node, client, stopping }) => {
      if (!node || !client || stopping || this.pausedBy(name) !== undefined) return
      try {
        await client.health({ signal, timeoutMs: LAST_LOOK_TIMEOUT_MS })
      } catch (error) {
        // Whoever is only slow, or has something to say against it, runs.
        const fault = networkFaultOf(error)
        if (fault?.code === 'NETWORK') await exitedWithin(node, LAST_LOOK_SETTLE_MS, signal)
      }
    })
    await Promise.all(looks)
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

  /**
   * Nodes that outlive the run: their faults are from here on in nothing that ends with it. StepError `failed` with what is
   * left in the kernel; that of all others is handed over all the same.
   */
  async handOverFaults(options: { signal: AbortSignal }): Promise<void> {
    const handed = [...this.#entries.values()].map(async ({ name, client }) =>
      client === undefined ? [] : this.#faults.handOver({ name, running: true, client }, options),
    )
    const left = (await Promise.all(handed)).flat()
    if (left.length === 0) return
    throw new StepError('failed', `faults that the kernel makes are left on nodes that are kept: ${left.join('; ')}`, {
      help: 'the next run with these nodes takes them off; `calbox down` ends the nodes, and they end with them',
    })
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

  #handle(entry: Entry, token?: string): NodeHandle {
    const driver = this.#driver()
    const as = (node: FaultyNode) => (token === undefined ? node : withToken(node, token))
    const stopped = () =>
      new StepError('not_running', `node ${entry.name} is not running: ${whyStopped(entry)}`, {
        node: entry.name,
        help: startHelp(entry.name, this.faults.active()),
      })
    const whyPaused = () => {
      const still = this.#stillNode(entry)
      return still && whyStill(still, this.faults.active())
    }
    return {
      name: entry.name,
      get client(): NodeClient {
        if (!entry.client) throw stopped()
        return token === undefined ? entry.client : entry.client.withToken(token)
      },
      withToken: (given) => this.#handle(entry, given),
      get url(): string {
        return entry.last?.url ?? ''
      },
      get running(): boolean {
        return entry.node !== undefined
      },
      get pausedBy(): string | undefined {
        return whyPaused()
      },
      get directory(): string | undefined {
        if (driver.capabilities.farData === true) return undefined
        return entry.last && (entry.last.directory ?? path.resolve(entry.last.spec.dataDir, entry.name))
      },
      session: entry.session,
      hostFiles: driver.capabilities.hostFiles,
      driver: driver.kind,
      placeFile: async (file) => (entry.node && (await driver.placeFile?.(entry.node, file))) ?? file,
      links: driver.capabilities.linkFaults ? this.#faults.linksOf(faultyNode(entry, stopped), as) : undefined,
      faults: driver.capabilities.linkFaults ? this.#faults.portOf(as(faultyNode(entry, stopped))) : undefined,
      leaveNetwork: async (network, options) =>
        entry.last && (await driver.leaveNetwork?.(entry.last, network, options)),
      joinNetwork: async (network, options) => entry.last && (await driver.joinNetwork?.(entry.last, network, options)),
      pause: (place, options) => entry.holds.pause(place, options),
      resume: (options) => entry.holds.resume(options),
      process: entry.holds,
      logPieces: (options) =>
        entry.last && driver.capabilities.logs ? driver.logs(entry.last).pieces(options) : undefined,
      exec: (args, options) => {
        const spec = entry.last?.spec
        if (driver.exec !== undefined && spec !== undefined) return driver.exec(spec, args, options)
        throw new StepError('unsupported', `the program of ${entry.name} cannot be run from here`, { node: entry.name })
      },
      stop: (options) => entry.holds.stop(options),
      start: (options) => entry.holds.start(options),
    }
  }

  #processOf(entry: () => Entry): NodeProcess {
    const isPaused = () => this.pausedBy(entry().name) !== undefined
    return {
      get name() {
        return entry().name
      },
      get running() {
        return entry().node !== undefined
      },
      get paused() {
        return isPaused()
      },
      stop: (options) => this.#stop(entry(), options),
      start: (options) => this.#start(entry(), options),
      pause: (options) => this.#still(entry(), (node, driver) => driver.pause(node, options)),
      resume: (options) => this.#still(entry(), (node, driver) => driver.resume(node, options)),
    }
  }

  async #still(entry: Entry, act: (node: RunningNode, driver: NodeDriver) => Promise<void>): Promise<void> {
    const { node } = entry
    if (!node) throw new StepError('not_running', `node ${entry.name} is not running`, { node: entry.name })
    const driver = this.#driver()
    if (!driver.capabilities.pause) {
      throw new StepError('unsupported', `${entry.name} cannot be paused from here`, { node: entry.name })
    }
    await act(node, driver)
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

  async #start(entry: Entry, { mockTee, ...options }: StartNodeOptions): Promise<void> {
    const last = entry.last?.spec
    if (!last) return
    const spec = asMockTee(last, mockTee)
    if (entry.node) {
      if (spec === last) return
      const message = `${entry.name} is running, and ${mockTee === true ? 'no' : 'a'} mock TEE: stop it first (stop_node)`
      throw new StepError('invalid', message, { node: entry.name, field: 'mock_tee' })
    }
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

async function exitedWithin(node: RunningNode, ms: number, signal: AbortSignal): Promise<void> {
  const done = new AbortController()
  const pause = sleep(ms, AbortSignal.any([signal, done.signal])).catch(() => undefined)
  await Promise.race([node.exited, pause])
  done.abort()
}

function networkFaultOf(error: unknown): ClientError | undefined {
  if (error instanceof ClientError) return error.isNetworkFault ? error : undefined
  return error instanceof StepError ? networkFaultOf(error.cause) : undefined
}

function overlap(some: readonly string[], others: readonly string[]): boolean {
  return some.some((name) => others.includes(name))
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
