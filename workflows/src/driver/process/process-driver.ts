// The driver of processes: each node is a process of this machine, spawned from the program it was given (calnode by
// default). It composes the parts beside it: process, log file, readiness, ports, reaper, and the record that other calbox
// processes read.
import { randomUUID } from 'node:crypto'
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
import { DEFAULT_RPC_PORT, DEFAULT_SWARM_PORT, STOP_GRACE_MS } from '../limits.ts'
import { isNodeRunning } from '../record-life.ts'
import { makeFolder } from '../state/make-folder.ts'
import { isRecordElsewhere, type NodeRecord, type NodeState, nodeElsewhere, type Owner } from '../state/node-state.ts'
import { type ResolvedSpec, recordOf, specOfRecord } from '../state/spec-record.ts'
import { takeOver } from '../take-over.ts'
import { handedSocket } from '../topology/handed-socket.ts'
import { inNamespace } from '../topology/network-namespaces.ts'
import { assertAdoptable } from './adoptable.ts'
import { awaitAnswer } from './await-answer.ts'
import { describeExit } from './exit-cause.ts'
import { withoutPassword } from './handed-password.ts'
import { beginLog, LogFile, type LogStart, reusedLogStart } from './log-file.ts'
import { type NodeCommand, NodeProcess } from './node-process.ts'
import { type NodeProgram, type PrepareOptions, programEnv } from './node-program.ts'
import type { PortReservations } from './ports.ts'
import { isPaused, type ProcessIdentity, selfIdentity } from './process-identity.ts'
import type { Reaper } from './reaper.ts'
import { runOnce } from './run-once.ts'

export interface ProcessDriverParts {
  readonly program: NodeProgram
  readonly state: NodeState
  readonly reaper: Reaper
  readonly ports: PortReservations
  /** Those that its nodes are placed in. */
  readonly topologies?: { close(): Promise<void> } | undefined
}

interface Managed {
  readonly process: NodeProcess
  readonly record: NodeRecord
  /** After the end of the process: the record tells it, too. */
  readonly settled: Promise<void>
  kept: boolean
}

export function createProcessDriver(parts: ProcessDriverParts): NodeDriver {
  return new ProcessDriver(parts)
}

class ProcessDriver implements NodeDriver {
  readonly kind: NodeProgram['kind']
  readonly capabilities: DriverCapabilities
  readonly refuseNeed: NodeDriver['refuseNeed']
  readonly initialise?: NonNullable<NodeDriver['initialise']>
  readonly #parts: ProcessDriverParts
  readonly #managed = new WeakMap<RunningNode, Managed>()
  /** By name, from the spawn until the end is on record. */
  readonly #live = new Map<string, RunningNode>()
  /** Where each node's log begins for this run: at its first start, not at a restart. */
  readonly #logStarts = new Map<string, LogStart>()
  readonly #owner: Owner = { ...selfIdentity(), driverId: randomUUID() }
  #closing: Promise<void> | undefined

  constructor(parts: ProcessDriverParts) {
    this.#parts = parts
    this.kind = parts.program.kind
    this.capabilities = parts.program.capabilities
    this.refuseNeed = parts.program.refuseNeed
    if (parts.program.isDialledById) this.initialise = (spec, options) => this.#initialise(spec, options)
  }

  async start(spec: NodeSpec, options: StartOptions): Promise<RunningNode> {
    return this.#claimed(spec, options, async (resolved, prepare) => {
      const node = await this.#spawn(resolved, prepare)
      try {
        await awaitAnswer(node, this.logs(node), 'health', options)
        return node
      } catch (error) {
        await this.kill(node)
        throw error
      }
    })
  }

  async adopt(name: string, options: AdoptOptions): Promise<RunningNode | undefined> {
    this.#assertOpen()
    options.signal.throwIfAborted()
    await this.#previousEnd(name)
    const own = this.#live.get(name)
    if (own !== undefined) return own
    const owner = this.#owner
    const adopter = { kind: this.kind, driverId: owner.driverId }
    const owned = await takeOver(this.#parts.state, name, {
      owner,
      assertAdoptable: (record) => assertAdoptable(record, adopter),
      signal: options.signal,
    })
    if (owned === undefined) return undefined
    await this.#parts.ports.keep(owned.rpcPort)
    await this.#parts.ports.keep(owned.swarmPort)
    this.#logStarts.set(name, await reusedLogStart(owned))
    // Not told to the reaper: it lived without calbox before, and only a regular end decides about it.
    const spec = specOfRecord(owned, options)
    const place = { spec, record: owned, swarmAddress: await this.#parts.program.swarmAddress(spec) }
    return this.#manage(place, NodeProcess.attach(owned.process), true)
  }

  async stop(node: RunningNode, options: StopOptions = {}): Promise<ExitCause> {
    const { process, settled } = this.#takeBack(node)
    const cause = await process.stop(options.graceMs ?? STOP_GRACE_MS, options.signal)
    await settled
    return cause
  }

  async kill(node: RunningNode): Promise<ExitCause> {
    const { process, settled } = this.#takeBack(node)
    const cause = await process.kill()
    await settled
    return cause
  }

  async pause(node: RunningNode): Promise<void> {
    await this.#alive(node).pause()
  }

  async resume(node: RunningNode): Promise<void> {
    this.#alive(node).resume()
  }

  /** Also by a signal of somebody else. */
  pausedBy(node: RunningNode): string | undefined {
    const { identity } = this.#get(node).process
    const { pid } = identity
    return isPaused(identity) ? `process ${pid} is stopped; \`kill -CONT ${pid}\` continues it` : undefined
  }

  logs(node: RunningNode): NodeLog {
    const { process } = this.#get(node)
    const start = this.#logStarts.get(node.name) ?? 0
    return new LogFile(node.spec.logFile, start, () => process.cause !== undefined)
  }

  exec(spec: NodeSpec, args: readonly string[], options: { signal: AbortSignal; timeoutMs: number }) {
    return runOnce(this.#parts, spec, args, options)
  }

  get guard(): Reaper {
    return this.#parts.reaper
  }

  async meshed(node: RunningNode, options: StartOptions): Promise<void> {
    await this.#parts.program.meshed(node, this.logs(node), options)
  }

  async keep(node: RunningNode): Promise<void> {
    const managed = this.#get(node)
    managed.kept = true
    const { owner: _, ...record } = managed.record
    if (managed.process.cause === undefined) await this.#parts.state.put(record)
    this.#parts.reaper.unwatch(managed.process.identity.pid)
  }

  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? STOP_GRACE_MS)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    const ending = [...this.#live.values()].map((node) => this.#get(node)).filter((managed) => !managed.kept)
    const results = await Promise.allSettled(
      ending.map(async ({ process, settled }) => {
        await process.stop(graceMs)
        await settled
      }),
    )
    // After the nodes that are in it.
    await this.#parts.topologies?.close()
    await this.#parts.ports.releaseAll()
    this.#parts.reaper.release()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** An explicit port is checked, so that the error names its holder; otherwise the default or a free one. */
  async #port(spec: NodeSpec, which: 'rpc' | 'swarm'): Promise<number> {
    const asked = which === 'rpc' ? spec.rpcPort : spec.swarmPort
    const of = `${which} of ${spec.name}`
    if (asked !== undefined) {
      await this.#parts.ports.check({ of, port: asked })
      return asked
    }
    const port = which === 'rpc' ? DEFAULT_RPC_PORT : DEFAULT_SWARM_PORT
    return (await this.#parts.ports.choose({ which, of, port, explicit: false })).port
  }

  /** Of a node that nobody else starts, and that does not run: with absolute paths, and ports that are free. */
  async #claimed<T>(
    spec: NodeSpec,
    options: { readonly signal: AbortSignal },
    act: (spec: ResolvedSpec, prepare: PrepareOptions) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen()
    options.signal.throwIfAborted()
    const claim = await this.#parts.state.claim(spec.name)
    try {
      await this.#previousEnd(spec.name)
      const before = await this.#parts.state.get(spec.name)
      if (before !== undefined && (await isNodeRunning(before))) throw alreadyRunning(before)
      const ports = { rpcPort: await this.#port(spec, 'rpc'), swarmPort: await this.#port(spec, 'swarm') }
      const places = { dataDir: resolve(spec.dataDir), logFile: resolve(spec.logFile) }
      const prepare = {
        signal: options.signal,
        wasContained: before?.container !== undefined,
        onSpawn: (process: NodeProcess) => this.#watchToItsEnd(process),
      }
      return await act({ ...spec, ...ports, ...places }, prepare)
    } finally {
      await claim.release()
    }
  }

  #initialise(spec: NodeSpec, options: { readonly signal: AbortSignal }): Promise<string> {
    return this.#claimed(spec, options, async (resolved, prepare) => {
      await this.#prepare(resolved, prepare)
      return this.#parts.program.swarmAddress(resolved)
    })
  }

  #watchToItsEnd({ identity, exited }: NodeProcess): void {
    this.#parts.reaper.watch({ ...identity, wholeGroup: true })
    void exited.then(() => this.#parts.reaper.unwatch(identity.pid))
  }

  async #prepare(spec: ResolvedSpec, options: PrepareOptions): Promise<number> {
    await makeFolder(spec.dataDir)
    await makeFolder(dirname(spec.logFile))
    const logStart = this.#logStarts.get(spec.name) ?? (await beginLog(spec.logFile))
    this.#logStarts.set(spec.name, logStart)
    await this.#parts.program.prepare(spec, options)
    return logStart.life
  }

  async #spawn(spec: ResolvedSpec, prepare: PrepareOptions): Promise<RunningNode> {
    const { program } = this.#parts
    const logStart = await this.#prepare(spec, prepare)
    prepare.signal.throwIfAborted()
    const swarmAddress = spec.placement?.namespace?.swarmListen ?? (await program.swarmAddress(spec))
    this.#parts.reaper.start()
    this.#assertOpen()
    const { logFile } = spec
    const command = { ...program.runCommand(spec), env: programEnv(program, spec), logFile }
    const node = await spawnPlaced(command, spec, program.kind === 'process')
    this.#parts.reaper.watch({ ...node.identity, wholeGroup: true })
    const startedAt = new Date().toISOString()
    const life = { process: node.identity, logStart, startedAt, owner: this.#owner }
    const record = { ...recordOf(spec, life), ...(program.kind !== 'process' && { program: program.kind }) }
    const running = this.#manage({ spec, record, swarmAddress }, node, false)
    await this.#parts.state.put(record).catch(async (error: unknown) => {
      await this.kill(running)
      throw error
    })
    return running
  }

  #manage(
    { spec, record, swarmAddress }: { spec: NodeSpec; record: NodeRecord; swarmAddress: string },
    process: NodeProcess,
    adopted: boolean,
  ): RunningNode {
    const node: RunningNode = {
      name: spec.name,
      url: `http://127.0.0.1:${record.rpcPort}`,
      swarmAddress,
      pid: process.identity.pid,
      directory: this.#parts.program.directoryOf(spec),
      spec,
      adopted,
      exited: process.exited,
    }
    const settled = process.exited.then(() => this.#ended(node, process.identity))
    this.#managed.set(node, { process, record, settled, kept: false })
    this.#live.set(node.name, node)
    return node
  }

  /** However it ended: the record says so, and the reaper forgets the pid before the system gives it away again. */
  async #ended(node: RunningNode, process: ProcessIdentity): Promise<void> {
    this.#parts.reaper.unwatch(process.pid)
    // The record of a kept node is its own: how it ends is for whoever looks next. A directory that cannot be written any
    // more leaves the record of a dead process, which readers see through.
    if (!this.#get(node).kept) await this.#parts.state.markStopped(node.name, process).catch(() => undefined)
    if (this.#live.get(node.name) === node) this.#live.delete(node.name)
  }

  /** A new life of a node begins after the end of the last one is on record, or that would overwrite the new record. */
  async #previousEnd(name: string): Promise<void> {
    const previous = this.#live.get(name)
    if (previous === undefined) return
    const { process, settled } = this.#get(previous)
    if (process.cause !== undefined) await settled
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

  #alive(node: RunningNode): NodeProcess {
    const { process } = this.#get(node)
    if (process.cause === undefined) return process
    throw new DriverError('NODE_STOPPED', `node ${node.name} is not running: ${describeExit(process.cause)}`, {
      data: { node: node.name },
    })
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new Error('assertion failed: the driver is closed')
  }
}

/** The first descriptor beyond the three that every process has. */
const FIRST_FD = 3

/** In the network namespace of its place, with HTTP on a socket of ours. `hides`: it takes its password from a file. */
async function spawnPlaced(
  given: NodeCommand,
  { placement, rpcPort }: ResolvedSpec,
  hides: boolean,
): Promise<NodeProcess> {
  const isInside = placement?.namespace !== undefined
  const { command, close } = hides
    ? withoutPassword(given, isInside ? FIRST_FD + 1 : FIRST_FD)
    : { command: given, close: () => {} }
  try {
    if (placement?.namespace === undefined) return await NodeProcess.spawn(command)
    const socket = await handedSocket(rpcPort)
    const entered = inNamespace(placement.namespace.pid, command.command, command.args)
    return await NodeProcess.spawn({ ...command, ...entered, socket: socket.fd }).finally(() => socket.close())
  } finally {
    close()
  }
}

function alreadyRunning(record: NodeRecord): DriverError {
  if (isRecordElsewhere(record)) return nodeElsewhere(record)
  const message = `node ${record.name} is already running (pid ${record.process.pid}, http://127.0.0.1:${record.rpcPort})`
  return new DriverError('NODE_RUNNING', message, { data: { node: record.name, pid: record.process.pid } })
}
