// Makes a topology out of processes of this machine: the boot node, and for `nat` the namespaces around it and the nodes.
import { join, resolve } from 'node:path'
import type { NodePlacement } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { BOOT_NODE_PORT, LOG_TAIL_LINES, READY_TIMEOUT_MS, STOP_GRACE_MS } from '../limits.ts'
import { logArguments } from '../process/calnode-arguments.ts'
import { describeExit } from '../process/exit-cause.ts'
import { beginLog, LogFile } from '../process/log-file.ts'
import { NodeProcess } from '../process/node-process.ts'
import type { PortReservations } from '../process/ports.ts'
import type { Reaper } from '../process/reaper.ts'
import { makeFolder } from '../state/make-folder.ts'
import { until } from '../until.ts'
import { handedSocket } from './handed-socket.ts'
import { BOOT_HOST, namespaceOf, nodeHost } from './nat-plan.ts'
import { inNamespace, type NetworkNamespaces, openNamespaces } from './network-namespaces.ts'
import type { Topology, TopologyRequest } from './topology.ts'

export interface TopologyParts {
  /** The calnode program file. */
  readonly calnode: string
  readonly stateDir: string
  readonly reaper: Reaper
  readonly ports: PortReservations
}

export interface OpenedTopology extends Topology {
  close(): Promise<void>
}

export async function openTopology(
  parts: TopologyParts,
  request: TopologyRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<OpenedTopology> {
  const { type, natMode: mode = 'cone', nodes, runId } = request
  const namespaces =
    type === 'nat'
      ? await openNamespaces({
          count: nodes.length,
          mode,
          runId,
          signal,
          onSpawn: (holder) => parts.reaper.watch(holder),
        })
      : undefined
  const closeNamespaces = () => {
    namespaces?.close()
    for (const pid of namespaces?.pids ?? []) parts.reaper.unwatch(pid)
  }
  try {
    const boot = await startBootNode(parts, request, namespaces, signal)
    const placements = new Map(
      nodes.map(({ name, swarmPort }, index) => [name, placementOf(boot.addresses, namespaces, index, swarmPort)]),
    )
    return {
      summary:
        namespaces === undefined
          ? `boot node at ${boot.addresses.join(', ')}; nodes know only it`
          : `boot node at ${boot.addresses.join(', ')}; each node behind a router (${mode} NAT) in namespaces of its own`,
      placementOf: (name) => placements.get(name) ?? fail(name),
      close: async () => {
        await boot.process.stop(STOP_GRACE_MS)
        parts.reaper.unwatch(boot.process.identity.pid)
        closeNamespaces()
      },
    }
  } catch (error) {
    closeNamespaces()
    throw error
  }
}

function placementOf(
  relayNodes: readonly string[],
  namespaces: NetworkNamespaces | undefined,
  index: number,
  swarmPort: number,
): NodePlacement {
  const pid = namespaces?.pids[namespaceOf(index)]
  if (pid === undefined) return { relayNodes }
  return { relayNodes, namespace: { pid, swarmListen: `/ip4/${nodeHost(index)}/tcp/${swarmPort}` } }
}

interface RunningBootNode {
  readonly process: NodeProcess
  /** With its id. */
  readonly addresses: readonly string[]
}

async function startBootNode(
  parts: TopologyParts,
  { runId, bootNodeKeypair }: TopologyRequest,
  namespaces: NetworkNamespaces | undefined,
  signal: AbortSignal,
): Promise<RunningBootNode> {
  await makeFolder(parts.stateDir)
  const logFile = resolve(join(parts.stateDir, 'boot-node.log'))
  const logStart = await beginLog(logFile)
  const port = namespaces ? BOOT_NODE_PORT : (await parts.ports.choose(BOOT_WISH)).port
  const socket = await handedSocket(0)
  const args = [
    ...[parts.calnode, 'boot-node', '--network', runId, '--server-fd', '3'],
    ...['--listen', `/ip4/${namespaces ? BOOT_HOST : '127.0.0.1'}/tcp/${port}`],
    ...(bootNodeKeypair === undefined ? [] : ['--identity', bootNodeKeypair]),
    ...logArguments(logFile),
  ]
  const [holder] = namespaces?.pids ?? []
  const command =
    holder === undefined ? { command: process.execPath, args } : inNamespace(holder, process.execPath, args)
  parts.reaper.start()
  const boot = await NodeProcess.spawn({ ...command, env: process.env, logFile, socket: socket.fd }).finally(() =>
    socket.close(),
  )
  parts.reaper.watch(boot.identity)
  try {
    return { process: boot, addresses: await addressesOf(boot, socket.port, signal) }
  } catch (error) {
    await boot.kill()
    parts.reaper.unwatch(boot.identity.pid)
    signal.throwIfAborted()
    const logTail = await new LogFile(logFile, logStart, () => true).tail(LOG_TAIL_LINES)
    const cause = boot.cause?.code === undefined ? '' : ` (${describeExit(boot.cause)})`
    const message = [`the boot node did not start${cause}: ${error}`, `Last lines of ${logFile}:`, ...logTail].join(
      '\n  ',
    )
    throw new DriverError('NODE_EXITED', message, { cause: error })
  }
}

const BOOT_WISH = { which: 'swarm', of: 'the boot node', port: BOOT_NODE_PORT, explicit: false } as const

function addressesOf(boot: NodeProcess, port: number, signal: AbortSignal): Promise<readonly string[]> {
  return until({
    probe: async () => {
      if (boot.cause !== undefined) throw new DriverError('NODE_EXITED', describeExit(boot.cause))
      const addresses = await statusOf(port, signal)
      return addresses.length > 0 ? { done: addresses } : { seen: 'no answer' }
    },
    timeoutMs: READY_TIMEOUT_MS,
    firstMs: 20,
    maxMs: 100,
    signal,
    expired: (waitedMs) => new DriverError('START_TIMEOUT', `no answer within ${waitedMs} ms`),
  })
}

async function statusOf(port: number, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/status`, { signal })
    const status: unknown = await response.json()
    if (typeof status !== 'object' || status === null || !('addresses' in status)) return []
    return Array.isArray(status.addresses) ? status.addresses.filter((each) => typeof each === 'string') : []
  } catch {
    // It is not there yet; whether it ever comes, the caller sees.
    return []
  }
}

function fail(name: string): never {
  throw new Error(`assertion failed: ${name} is no node of this topology`)
}
