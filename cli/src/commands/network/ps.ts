// `calbox ps`: the nodes of this working directory, as they are in truth.
import type { LocalNode } from '@calbox/workflows'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { formatTable } from '../format-table.ts'
import { statePath } from '../state-path.ts'

export interface PsOptions {
  readonly all?: boolean
  readonly json?: boolean
}

export function registerPs(program: Command, edge: CommandEdge): void {
  program
    .command('ps')
    .description('list the nodes of this working directory')
    .option('-a, --all', 'also stopped nodes whose data is still there')
    .option('--json', 'as a JSON array')
    .action((options: PsOptions) => runPs(options, edge))
}

export async function runPs(options: PsOptions, edge: CommandEdge): Promise<void> {
  const { listLocalNodes, NodeState } = await import('@calbox/workflows')
  const nodes = await listLocalNodes(new NodeState(statePath(edge)), { signal: edge.signal })
  const shown = options.all ? nodes : nodes.filter(({ status }) => status !== 'stopped')
  if (options.json) edge.stdout.write(`${JSON.stringify(shown.map(asJson), undefined, 2)}\n`)
  else if (shown.length === 0) edge.stdout.write('no node is running here\n')
  else edge.stdout.write(formatTable(['NODE', 'STATUS', 'URL', 'SWARM', 'PID', 'UP', 'NETWORK'], shown.map(asRow)))
}

function asRow(node: LocalNode): string[] {
  const { record, url, owner } = node
  const alive = isAlive(node)
  const network = owner === undefined ? record.network : `${record.network} (used by pid ${owner.pid})`
  return [
    record.name,
    node.seen === undefined ? node.status : `${node.status} (${node.seen})`,
    alive ? url : '-',
    alive ? String(record.swarmPort) : '-',
    alive ? String(record.process.pid) : '-',
    alive ? uptime(Date.now() - Date.parse(record.startedAt)) : '-',
    network,
  ]
}

function asJson(node: LocalNode) {
  const { record, status, url, owner } = node
  const { name, network, runId, rpcPort, swarmPort, dataDir, logFile, startedAt } = record
  const pid = isAlive(node) ? record.process.pid : null
  return {
    name,
    status,
    url,
    pid,
    rpcPort,
    swarmPort,
    network,
    runId,
    dataDir,
    logFile,
    startedAt,
    usedBy: owner?.pid ?? null,
  }
}

function isAlive({ status }: LocalNode): boolean {
  return status !== 'stopped' && status !== 'exited' && status !== 'elsewhere'
}

function uptime(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1000))} s`
  if (minutes < 120) return `${minutes} min`
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}
