// The driver of containers: each node is one container of the image that `calbox image build` makes, with its data in a
// folder of this machine and its HTTP port on the loopback address. It composes the parts beside it, as the process driver
// does, and keeps the same promises.
import { dirname, resolve } from 'node:path'
import type {
  AdoptOptions,
  DriverCapabilities,
  ExitCause,
  NodeDriver,
  NodeLog,
  NodeSpec,
  RunningNode,
  StartOptions,
  StopOptions,
} from '../driver.ts'
import { DriverError } from '../errors.ts'
import { LOG_TAIL_LINES, STOP_GRACE_MS } from '../limits.ts'
import { stopLocalNode } from '../local-nodes.ts'
import { awaitAnswer } from '../process/await-answer.ts'
import { describeExit } from '../process/exit-cause.ts'
import { beginLog, LogFile, type LogStart } from '../process/log-file.ts'
import type { Reaper } from '../process/reaper.ts'
import { isNodeRunning } from '../record-life.ts'
import { makeFolder } from '../state/make-folder.ts'
import { type NodeRecord, type NodeState, type Owner, urlOfRecord } from '../state/node-state.ts'
import { type ResolvedSpec, specOfRecord } from '../state/spec-record.ts'
import { takeOver } from '../take-over.ts'
import { CONTAINER_SWARM_PORT } from './image/image-archive.ts'
import type { ContainerLinks } from './kernel/container-links.ts'
import type { AttachedNode, LogCopy, NodeHost, NodeLife } from './node-host.ts'
import type { NetworkedNode, NodeNetworks } from './node-networks.ts'
import type { DockerPorts } from './ports.ts'
import { adoptablePlace, alreadyRunning, placeOf } from './record-faults.ts'
import { networkName } from './run-networks.ts'

export interface DockerDriverParts {
  readonly state: NodeState
  readonly reaper: Reaper
  readonly ports: DockerPorts
  readonly owner: Owner
  readonly host: NodeHost
  /** Where the data of nodes is not on this machine. */
  readonly farData?: boolean
  /** Throws UNSUPPORTED for a node that is not to be started. */
  readonly refuse?: ((spec: NodeSpec) => Promise<void>) | undefined
  /** Throws UNSUPPORTED for what nodes may come to be unable to do. */
  readonly refuseNeed?: NodeDriver['refuseNeed']
  readonly kind?: 'docker' | 'swarm'
  /** What is beneath the nodes. Also where nothing is to be made there: an earlier run may have left something. */
  readonly links: ContainerLinks
  /** Faults of connections are to be made beneath the nodes. */
  readonly kernelFaults: boolean
  /** Those that its nodes are placed in. */
  readonly topologies: { close(): Promise<void> }
}

interface Managed {
  readonly life: NodeLife
  readonly log: LogCopy
  readonly record: NodeRecord
  /** After its end: the container is removed, and the record tells it. */
  readonly settled: Promise<void>
  kept: boolean
}

export function createDockerDriver(parts: DockerDriverParts): NodeDriver {
  return new DockerDriver(parts)
}

class DockerDriver implements NodeDriver {
  readonly kind: 'docker' | 'swarm'
  readonly capabilities: DriverCapabilities
  readonly #parts: DockerDriverParts
  readonly #managed = new WeakMap<RunningNode, Managed>()
  /** By name, from the start until the end is on record. */
  readonly #live = new Map<string, RunningNode>()
  readonly #logStarts = new Map<string, LogStart>()
  readonly #closed = new AbortController()
  #closing: Promise<void> | undefined

  constructor(parts: DockerDriverParts) {
    this.#parts = parts
    this.kind = parts.kind ?? 'docker'
    const { imageAsWritten: images } = parts.host
    this.capabilities = {
      lifecycle: true,
      pause: true,
      logs: true,
      hostFiles: true,
      linkFaults: true,
      images,
      farData: parts.farData === true,
    }
  }

  /** Between containers of a network: by name, and on the port that each has inside. */
  swarmAddressOf(name: string): string {
    return `/dns4/${name}/tcp/${CONTAINER_SWARM_PORT}`
  }

  get refuseNeed(): NodeDriver['refuseNeed'] {
    return this.#parts.refuseNeed
  }

  async start(spec: NodeSpec, options: StartOptions): Promise<RunningNode> {
    this.#assertOpen()
    options.signal.throwIfAborted()
    const claim = await this.#parts.state.claim(spec.name)
    try {
      await this.#previousEnd(spec.name)
      const before = await this.#parts.state.get(spec.name)
      if (before !== undefined && (await isNodeRunning(before, options))) throw alreadyRunning(before)
      // It ended by itself, and nobody was there to take its container away.
      if (before?.state === 'running') await stopLocalNode(this.#parts.state, before, { graceMs: 0 })
      await this.#parts.refuse?.(spec)
      const rpcPort = await this.#parts.ports.forStart(spec)
      const places = { dataDir: resolve(spec.dataDir), logFile: resolve(spec.logFile) }
      const node = await this.#launch({ ...spec, ...places, rpcPort, swarmPort: CONTAINER_SWARM_PORT }, options)
      try {
        await this.#parts.links.started(node.name, this.#get(node).life.id, options)
        await awaitAnswer(node, this.logs(node), 'health', options)
        return node
      } catch (error) {
        await this.stop(node, { graceMs: 0 })
        throw error
      }
    } finally {
      await claim.release()
    }
  }

  async adopt(name: string, options: AdoptOptions): Promise<RunningNode | undefined> {
    this.#assertOpen()
    options.signal.throwIfAborted()
    await this.#previousEnd(name)
    const own = this.#live.get(name)
    if (own !== undefined) return own
    const { state, owner } = this.#parts
    const adopter = { id: owner.driverId, kind: this.kind }
    const owned = await takeOver(state, name, {
      owner,
      assertAdoptable: (record) => adoptablePlace(record, adopter),
      signal: options.signal,
    })
    if (owned === undefined) return undefined
    const container = placeOf(owned)
    await this.#parts.ports.keep(owned.rpcPort)
    const started = await this.#parts.host.attach(container, owned, this.#closed.signal)
    this.#logStarts.set(name, started.logStart)
    await this.#parts.links.adopted(name, container.id, options)
    return this.#manage(specOfRecord(owned, options), started, owned, true)
  }

  async stop(node: RunningNode, options: StopOptions = {}): Promise<ExitCause> {
    const { life, settled } = this.#takeBack(node)
    const cause = await life.stop(options.graceMs ?? STOP_GRACE_MS, options.signal)
    await settled
    return cause
  }

  async kill(node: RunningNode): Promise<ExitCause> {
    const { life, settled } = this.#takeBack(node)
    const cause = await life.kill()
    await settled
    return cause
  }

  async pause(node: RunningNode, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#alive(node).pause(options)
  }

  async resume(node: RunningNode, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#alive(node).resume(options)
  }

  pausedBy(node: RunningNode): string | undefined {
    const { life, record } = this.#get(node)
    const name = record.container?.name ?? node.name
    return life.isPaused ? `container ${name} is paused; \`docker unpause ${name}\` continues it` : undefined
  }

  logs(node: RunningNode): NodeLog {
    const { life } = this.#get(node)
    const start = this.#logStarts.get(node.name) ?? 0
    return new LogFile(node.spec.logFile, start, () => life.cause !== undefined)
  }

  get kernelLinks(): ContainerLinks | undefined {
    return this.#parts.kernelFaults ? this.#parts.links : undefined
  }

  get guard(): Reaper {
    return this.#parts.reaper
  }

  exec(spec: NodeSpec, args: readonly string[], options: { signal: AbortSignal; timeoutMs: number }) {
    return this.#parts.host.runCommand({ ...spec, dataDir: resolve(spec.dataDir) }, args, options)
  }

  placeFile(node: RunningNode, file: string): Promise<string> {
    return this.#parts.host.placeFile(node.spec, placeOf(this.#get(node).record), file)
  }

  async leaveNetwork(node: RunningNode, network: string | undefined, options: { signal: AbortSignal }) {
    const networks = await this.#networksOf(node, network)
    if (networks === undefined) return undefined
    const left = await networks.leave(await this.#networked(node), network, options)
    await this.#parts.links.moved(node.name, options)
    return left
  }

  async joinNetwork(node: RunningNode, network: string | undefined, options: { signal: AbortSignal }) {
    const networks = await this.#networksOf(node, network)
    if (networks === undefined) return undefined
    const joined = await networks.join(await this.#networked(node), network, options)
    await this.#parts.links.moved(node.name, options)
    return joined
  }

  async #networksOf({ name, spec }: RunningNode, network: string | undefined): Promise<NodeNetworks | undefined> {
    const { host } = this.#parts
    const isBehindRouter = spec.placement?.container !== undefined
    if (host.networks !== undefined && !isBehindRouter) return host.networks()
    if (network === undefined) return undefined
    const where = isBehindRouter ? 'behind a router of its topology' : 'a service, which is on the network of its run'
    const message = `node ${name} is ${where}, and on no other network: ${network} cannot be joined or left; leave out "network"`
    throw new DriverError('UNSUPPORTED', message, { data: { node: name } })
  }

  async meshed(node: RunningNode, options: StartOptions): Promise<void> {
    await awaitAnswer(node, this.logs(node), 'ready', options)
  }

  async keep(node: RunningNode): Promise<void> {
    const managed = this.#get(node)
    managed.kept = true
    const { owner: _, ...record } = managed.record
    if (managed.life.cause === undefined) await this.#parts.state.put(record)
    this.#parts.reaper.keepContainer(placeOf(managed.record).service?.id ?? managed.life.id)
  }

  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? STOP_GRACE_MS)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    const all = [...this.#live.values()].map((node) => this.#get(node))
    const results = await Promise.allSettled(
      all
        .filter((managed) => !managed.kept)
        .map(async ({ life, settled }) => {
          await life.stop(graceMs)
          await settled
        }),
    )
    this.#closed.abort()
    // Topologies after the nodes that are in them. Whatever fails of it, the rest is given back all the same.
    for (const give of [
      ...all.filter(({ kept }) => kept).map((managed) => () => this.#leave(managed)),
      () => this.#parts.topologies.close(),
      () => this.#parts.host.removeEmptyNetworks(),
      () => this.#parts.ports.releaseAll(),
    ]) {
      results.push(...(await Promise.allSettled([give()])))
    }
    this.#parts.reaper.release()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** Who reads its log later begins where the file ends. */
  async #leave({ life, log, record }: Managed): Promise<void> {
    await log.done
    const current = await this.#parts.state.get(record.name)
    if (current?.container?.id !== life.id) return
    await this.#parts.state.put({ ...current, container: { ...current.container, logUntil: log.last } })
  }

  async #launch(spec: ResolvedSpec, options: StartOptions): Promise<RunningNode> {
    await makeFolder(spec.dataDir)
    await makeFolder(dirname(spec.logFile))
    const logStart = this.#logStarts.get(spec.name) ?? (await beginLog(spec.logFile))
    this.#logStarts.set(spec.name, logStart)
    if (spec.e2eMode) await this.#initialise(spec, options)
    await this.#parts.host.prepare(spec)
    this.#assertOpen()
    const started = await this.#parts.host.start(spec, { signal: options.signal, closed: this.#closed.signal })
    const record: NodeRecord = {
      version: 1,
      name: spec.name,
      network: spec.network ?? spec.runId,
      runId: spec.runId,
      state: 'running',
      process: started.process,
      rpcPort: started.rpcPort,
      swarmPort: spec.swarmPort,
      dataDir: spec.dataDir,
      logFile: spec.logFile,
      logStart: logStart.life,
      bootstrap: spec.bootstrap,
      mdns: spec.mdns,
      startedAt: new Date().toISOString(),
      owner: this.#parts.owner,
      container: started.place,
    }
    const node = this.#manage({ ...spec, rpcPort: started.rpcPort }, started, record, false)
    await this.#parts.state.put(record).catch(async (error: unknown) => {
      await this.stop(node, { graceMs: 0 })
      throw error
    })
    return node
  }

  /** Other settings than the command line has can only be made in a config that is there. */
  async #initialise(spec: ResolvedSpec, { signal }: StartOptions): Promise<void> {
    const { exitCode, stderr } = await this.#parts.host.initialise(spec, { signal })
    if (exitCode === 0) return
    const summary = `node ${spec.name} cannot be initialised: ${describeExit({ code: exitCode })}`
    const logTail = stderr.trimEnd().split('\n').slice(-LOG_TAIL_LINES)
    const message = [summary, ...logTail].join('\n  ')
    throw new DriverError('NODE_EXITED', message, { data: { node: spec.name, summary, logTail } })
  }

  #manage(spec: NodeSpec, { life, log }: AttachedNode, record: NodeRecord, adopted: boolean): RunningNode {
    const node: RunningNode = {
      name: spec.name,
      url: urlOfRecord(record),
      swarmAddress: this.swarmAddressOf(spec.name),
      spec,
      adopted,
      exited: life.exited,
    }
    const settled = life.exited.then(() => this.#ended(node, life))
    this.#managed.set(node, { life, log, record, settled, kept: false })
    this.#live.set(node.name, node)
    return node
  }

  /** However it ended: its container goes, and the record says so. */
  async #ended(node: RunningNode, life: NodeLife): Promise<void> {
    const managed = this.#get(node)
    const { kept, record } = managed
    await this.#parts.links.ended(node.name, life.id)
    if (!kept) {
      await this.#parts.host.remove(placeOf(record), node.spec)
      // A directory that cannot be written any more leaves a record that readers see through.
      await this.#parts.state.markStopped(node.name, record.process).catch(() => undefined)
    }
    if (this.#live.get(node.name) === node) this.#live.delete(node.name)
  }

  /** A new life of a node begins after the end of the last one is on record, or that would overwrite the new record. */
  async #previousEnd(name: string): Promise<void> {
    const previous = this.#live.get(name)
    if (previous === undefined) return
    const { life, settled } = this.#get(previous)
    if (life.cause !== undefined) await settled
  }

  async #networked(node: RunningNode): Promise<NetworkedNode> {
    const { life, settled } = this.#get(node)
    if (life.cause !== undefined) await settled
    const id = life.cause === undefined ? life.id : undefined
    return { name: node.name, id, home: networkName(node.spec.runId) }
  }

  /** A node that this driver ends is this driver's again. */
  #takeBack(node: RunningNode): Managed {
    const managed = this.#get(node)
    managed.kept = false
    return managed
  }

  #get(node: RunningNode): Managed {
    const managed = this.#managed.get(node)
    if (managed === undefined) throw new Error(`assertion failed: node ${node.name} belongs to another driver`)
    return managed
  }

  #alive(node: RunningNode): NodeLife {
    const { life } = this.#get(node)
    if (life.cause === undefined) return life
    throw new DriverError('NODE_STOPPED', `node ${node.name} is not running: ${describeExit(life.cause)}`, {
      data: { node: node.name },
    })
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new Error('assertion failed: the driver is closed')
  }
}
