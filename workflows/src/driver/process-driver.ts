// The default driver: each node is a process of this machine, spawned from the calnode program. It composes the parts
// beside it: log file, process, readiness, reaper, and the record that other calbox processes read.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { initArguments, runArguments } from './calnode-arguments.ts'
import type {
  AdoptOptions,
  ExitCause,
  NodeDriver,
  NodeLog,
  NodeSpec,
  RunningNode,
  StartOptions,
  StopOptions,
} from './driver.ts'
import { DriverError } from './errors.ts'
import { describeExit } from './exit-cause.ts'
import {
  DEFAULT_RPC_PORT,
  DEFAULT_SWARM_PORT,
  LOG_TAIL_LINES,
  PROBE_FIRST_MS,
  PROBE_MAX_MS,
  READY_TIMEOUT_MS,
  STOP_GRACE_MS,
} from './limits.ts'
import { beginLog, LogFile } from './log-file.ts'
import { adjustNodeConfig, nodeConfigPath } from './node-config.ts'
import { type NodeCommand, NodeProcess } from './node-process.ts'
import { isRunning, liveOwner, type NodeRecord, type NodeState, type Owner } from './node-state.ts'
import { PortReservations } from './ports.ts'
import { identify, type ProcessIdentity } from './process-identity.ts'
import { probe } from './readiness.ts'
import type { Reaper } from './reaper.ts'
import { until } from './until.ts'

export interface ProcessDriverParts {
  /** The calnode program file, run with this Node. */
  readonly calnode: string
  readonly state: NodeState
  readonly reaper: Reaper
  readonly ports?: PortReservations
}

interface Managed {
  readonly process: NodeProcess
  readonly record: NodeRecord
  /** After the end of the process: the record tells it, too. A start before that would have its record overwritten. */
  readonly settled: Promise<void>
  kept: boolean
}

export function createProcessDriver(parts: ProcessDriverParts): NodeDriver {
  return new ProcessDriver(parts)
}

class ProcessDriver implements NodeDriver {
  readonly kind = 'process'
  readonly capabilities = { lifecycle: true, pause: true, logs: true, hostFiles: true }
  readonly #parts: ProcessDriverParts
  readonly #ports: PortReservations
  readonly #managed = new Map<RunningNode, Managed>()
  /** Where each node's log begins for this run: at its first start, not at a restart. */
  readonly #logStarts = new Map<string, number>()
  readonly #owner: Owner = { ...selfIdentity(), driverId: randomUUID() }
  #closing: Promise<void> | undefined

  constructor(parts: ProcessDriverParts) {
    this.#parts = parts
    this.#ports = parts.ports ?? new PortReservations()
  }

  async start(spec: NodeSpec, options: StartOptions): Promise<RunningNode> {
    this.#assertOpen()
    options.signal.throwIfAborted()
    const claim = await this.#parts.state.claim(spec.name)
    try {
      await Promise.all(
        [...this.#managed].map(([node, { process, settled }]) => node.name === spec.name && process.cause && settled),
      )
      const before = await this.#parts.state.get(spec.name)
      if (before !== undefined && isRunning(before)) throw alreadyRunning(before)
      const ports = { rpcPort: await this.#port(spec, 'rpc'), swarmPort: await this.#port(spec, 'swarm') }
      const node = await this.#spawn({
        ...spec,
        ...ports,
        dataDir: resolve(spec.dataDir),
        logFile: resolve(spec.logFile),
      })
      try {
        await this.#answers(node, 'health', options)
        return node
      } catch (error) {
        await this.kill(node)
        throw error
      }
    } finally {
      await claim.release()
    }
  }

  async adopt(name: string, options: AdoptOptions): Promise<RunningNode | undefined> {
    this.#assertOpen()
    options.signal.throwIfAborted()
    const own = [...this.#managed].find(([node, { process }]) => node.name === name && process.cause === undefined)
    if (own !== undefined) return own[0]
    const record = await this.#parts.state.get(name)
    if (record === undefined || !isRunning(record)) return undefined
    const owner = liveOwner(record, this.#owner.driverId)
    if (owner !== undefined) {
      const message = `node ${name} belongs to a calbox that is still running (pid ${owner.pid}); let it end, or use other names`
      throw new DriverError('NODE_IN_USE', message, { data: { node: name, owner: owner.pid } })
    }
    const owned: NodeRecord = { ...record, owner: this.#owner }
    await this.#parts.state.put(owned)
    this.#logStarts.set(name, record.logStart)
    // Not told to the reaper: it lived without calbox before, and only a regular end decides about it.
    return this.#manage(specOf(record, options), NodeProcess.attach(record.process), owned, true)
  }

  async stop(node: RunningNode, options: StopOptions = {}): Promise<ExitCause> {
    const { process, settled } = this.#get(node)
    const cause = await process.stop(options.graceMs ?? STOP_GRACE_MS, options.signal)
    await settled
    return cause
  }

  async kill(node: RunningNode): Promise<ExitCause> {
    const { process, settled } = this.#get(node)
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

  logs(node: RunningNode): NodeLog {
    const { process } = this.#get(node)
    const start = this.#logStarts.get(node.name) ?? 0
    return new LogFile(node.spec.logFile, start, () => process.cause !== undefined)
  }

  async meshed(node: RunningNode, options: StartOptions): Promise<void> {
    await this.#answers(node, 'ready', options)
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
    const ending = [...this.#managed.values()].filter((managed) => !managed.kept)
    const results = await Promise.allSettled(
      ending.map(async ({ process, settled }) => {
        await process.stop(graceMs)
        await settled
      }),
    )
    await this.#ports.releaseAll()
    this.#parts.reaper.release()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** An explicit port is checked, so that the error names its holder; otherwise the default or a free one. */
  async #port(spec: NodeSpec, which: 'rpc' | 'swarm'): Promise<number> {
    const asked = which === 'rpc' ? spec.rpcPort : spec.swarmPort
    const of = `${which} of ${spec.name}`
    if (asked !== undefined) {
      await this.#ports.check({ of, port: asked })
      return asked
    }
    const port = which === 'rpc' ? DEFAULT_RPC_PORT : DEFAULT_SWARM_PORT
    return (await this.#ports.choose({ of, port, explicit: false })).port
  }

  async #spawn(spec: NodeSpec & { rpcPort: number; swarmPort: number }): Promise<RunningNode> {
    await mkdir(spec.dataDir, { recursive: true })
    await mkdir(dirname(spec.logFile), { recursive: true })
    const logStart = this.#logStarts.get(spec.name) ?? (await beginLog(spec.logFile))
    this.#logStarts.set(spec.name, logStart)
    const program = {
      command: process.execPath,
      env: { ...process.env, CALIMERO_HOME: spec.dataDir, NODE_NAME: spec.name, ...spec.env },
      logFile: spec.logFile,
    }
    // Other settings than the command line has can only be made in a config that is there.
    if (spec.e2eMode && !existsSync(nodeConfigPath(spec))) {
      await initialise(spec, { ...program, args: [this.#parts.calnode, ...initArguments(spec)] })
    }
    await adjustNodeConfig(spec)
    this.#parts.reaper.start()
    this.#assertOpen()
    const node = await NodeProcess.spawn({ ...program, args: [this.#parts.calnode, ...runArguments(spec)] })
    this.#parts.reaper.watch(node.identity)
    const record: NodeRecord = {
      version: 1,
      name: spec.name,
      network: spec.network ?? spec.runId,
      runId: spec.runId,
      state: 'running',
      process: node.identity,
      rpcPort: spec.rpcPort,
      swarmPort: spec.swarmPort,
      dataDir: spec.dataDir,
      logFile: spec.logFile,
      logStart,
      bootstrap: spec.bootstrap,
      mdns: spec.mdns,
      startedAt: new Date().toISOString(),
      owner: this.#owner,
    }
    const running = this.#manage(spec, node, record, false)
    await this.#parts.state.put(record).catch(async (error: unknown) => {
      await this.kill(running)
      throw error
    })
    return running
  }

  #manage(spec: NodeSpec, process: NodeProcess, record: NodeRecord, adopted: boolean): RunningNode {
    const node: RunningNode = {
      name: spec.name,
      url: `http://127.0.0.1:${record.rpcPort}`,
      swarmAddress: `/ip4/127.0.0.1/tcp/${record.swarmPort}`,
      pid: process.identity.pid,
      spec,
      adopted,
      exited: process.exited,
    }
    this.#managed.set(node, {
      process,
      record,
      kept: false,
      settled: process.exited.then(() => this.#ended(process, record)),
    })
    return node
  }

  /** However it ended: the record says so, and the reaper forgets the pid before the system gives it away again. */
  async #ended(process: NodeProcess, record: NodeRecord): Promise<void> {
    this.#parts.reaper.unwatch(process.identity.pid)
    // A directory that cannot be written any more leaves a record of a dead process, which readers see through.
    await this.#parts.state.markStopped(record.name, process.identity).catch(() => undefined)
  }

  /** Waits for 200 on a health route; the end of the process decides the race at once. */
  async #answers(node: RunningNode, route: 'health' | 'ready', options: StartOptions): Promise<void> {
    const over = new AbortController()
    const signal = AbortSignal.any([options.signal, over.signal])
    const ended = this.#get(node).process.exited.then(async (cause) => {
      if (!over.signal.aborted) throw await this.#endedEarly(node, cause)
    })
    const answered = until({
      probe: async () => {
        const result = await probe(node.url, route, signal)
        return 'done' in result ? { done: undefined } : result
      },
      timeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
      firstMs: PROBE_FIRST_MS,
      maxMs: PROBE_MAX_MS,
      signal,
      expired: (waitedMs, seen) => waitedTooLong(node, route, waitedMs, seen),
    })
    try {
      await Promise.race([ended, answered])
    } catch (error) {
      throw error instanceof DriverError && error.code !== 'NODE_EXITED' ? await this.#withLogTail(node, error) : error
    } finally {
      over.abort()
    }
  }

  async #endedEarly(node: RunningNode, cause: ExitCause): Promise<DriverError> {
    const exit = describeExit(cause)
    const error = new DriverError('NODE_EXITED', `node ${node.name} ended while starting: ${exit}`, {
      data: { node: node.name, exit, cause },
    })
    return this.#withLogTail(node, error)
  }

  /** The same error with the node's last words, which usually hold the reason. */
  async #withLogTail(node: RunningNode, error: DriverError): Promise<DriverError> {
    // Without a readable log the error itself still stands.
    const logTail = await this.logs(node)
      .tail(LOG_TAIL_LINES)
      .catch(() => [])
    const shown = logTail.length === 0 ? 'It wrote nothing.' : logTail.map((line) => `  ${line}`).join('\n')
    const message = `${error.message}\nLast lines of ${node.spec.logFile}:\n${shown}`
    return new DriverError(error.code, message, { data: { ...error.data, logTail }, cause: error.cause })
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

function selfIdentity(): ProcessIdentity {
  const self = identify(process.pid)
  if (self === undefined) throw new Error('assertion failed: this process can see itself')
  return self
}

async function initialise(spec: NodeSpec, command: NodeCommand): Promise<void> {
  const cause = await (await NodeProcess.spawn(command)).exited
  if (cause.code === 0) return
  const message = `node ${spec.name} cannot be initialised: ${describeExit(cause)}; see ${spec.logFile}`
  throw new DriverError('NODE_EXITED', message, { data: { node: spec.name, cause } })
}

function specOf(record: NodeRecord, options: AdoptOptions): NodeSpec {
  const { name, rpcPort, swarmPort, dataDir, logFile, bootstrap, runId, network, mdns } = record
  const spec = { name, rpcPort, swarmPort, dataDir, logFile, bootstrap, runId, network, mdns }
  return { ...spec, ...(options.env && { env: options.env }), ...(options.args && { args: options.args }) }
}

function alreadyRunning(record: NodeRecord): DriverError {
  const message = `node ${record.name} is already running (pid ${record.process.pid}, http://127.0.0.1:${record.rpcPort})`
  return new DriverError('NODE_RUNNING', message, { data: { node: record.name, pid: record.process.pid } })
}

function waitedTooLong(node: RunningNode, route: 'health' | 'ready', waitedMs: number, seen: string): DriverError {
  const [code, state] =
    route === 'health' ? (['START_TIMEOUT', 'healthy'] as const) : (['MESH_TIMEOUT', 'meshed'] as const)
  const message = `node ${node.name} is not ${state} after ${waitedMs} ms; GET ${node.url}/admin-api/${route} last gave: ${seen}`
  return new DriverError(code, message, { data: { node: node.name, waitedMs, seen } })
}
