// `calbox up`: starts a network without a workflow and leaves it running.
import type { NetworkEvent, NodeRequest } from '@calbox/workflows'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { type DriverOptions, openDriver, withDriverOptions } from '../driver/driver-options.ts'
import { parseAuthMode, parseCount, parsePort, parsePositive } from '../parse-option.ts'
import { type Administrator, administratorEnv, administratorOf, loginBody, loginHelp } from './administrator.ts'

export interface UpOptions extends DriverOptions {
  readonly nodes: number
  readonly prefix: string
  readonly basePort?: number
  readonly baseRpcPort?: number
  readonly restart?: boolean
  readonly authMode?: string
  readonly authUsername?: string
  readonly authPassword?: string
  readonly timeout: number
}

export function registerUp(program: Command, edge: CommandEdge): void {
  withDriverOptions(program.command('up'))
    .description('start a network of nodes and leave it running')
    .option('-n, --nodes <count>', 'how many nodes', parseCount, 3)
    .option('--prefix <name>', 'nodes are called <name>-1, <name>-2, …', 'calimero-node')
    .option('--base-port <port>', 'peer-to-peer port of the first node (default 2428, or free ones)', parsePort)
    .option('--base-rpc-port <port>', 'HTTP port of the first node (default 2528, or free ones)', parsePort)
    .option('--restart', 'stop nodes that already run under these names and start them on their data')
    .option('--auth-mode <mode>', 'embedded: who logs in may use the nodes; proxy (default): everybody', parseAuthMode)
    .option(
      '--auth-username <name>',
      'with embedded: the administrator of new nodes (default: made up, or MERO_AUTH_ADMIN_USER)',
    )
    .option('--auth-password <password>', 'its password (better: MERO_AUTH_ADMIN_PASSWORD)')
    .option('--timeout <seconds>', 'for all nodes to be healthy and meshed', parsePositive, 60)
    .action((options: UpOptions) => runUp(options, edge))
}

export async function runUp(options: UpOptions, edge: CommandEdge): Promise<void> {
  const { formatDuration, startNetwork } = await import('@calbox/workflows')
  const parts = await openDriver(options, edge, (message) => edge.stderr.write(`· ${message}\n`))
  const onEvent = (event: NetworkEvent) => show(event, edge, formatDuration)
  const administrator = administratorOf(options, edge)
  try {
    const request = {
      name: options.prefix,
      nodes: nodeRequests(options, administrator),
      baseSwarmPort: options.basePort,
      baseRpcPort: options.baseRpcPort,
      dataRoot: `${edge.cwd}/data`,
      restart: options.restart,
      authMode: options.authMode,
      readyTimeoutMs: options.timeout * 1000,
    }
    const network = await startNetwork({ ...parts, onEvent }, request, { signal: edge.signal })
    for (const node of network.nodes) await parts.driver.keep(node)
    const count = network.nodes.length === 1 ? '1 node is' : `${network.nodes.length} nodes are`
    edge.stdout.write(
      `${count} up and meshed in network ${network.name}. \`calbox logs -f\` shows what they do, \`calbox down\` ends them.\n`,
    )
    if (administrator) {
      const refused = await refusing(administrator, network.nodes, edge.signal)
      edge.stdout.write(loginHelp(administrator, network.nodes, refused))
    }
  } finally {
    await parts.driver.close()
  }
}

function nodeRequests(options: UpOptions, administrator: Administrator | undefined): NodeRequest[] {
  const env = administrator && { env: administratorEnv(administrator) }
  return Array.from({ length: options.nodes }, (_, index) => ({ name: `${options.prefix}-${index + 1}`, ...env }))
}

/** Of those that were made earlier some may have another one. */
async function refusing(
  administrator: Administrator,
  nodes: readonly { readonly name: string; readonly url: string }[],
  signal: AbortSignal,
): Promise<string[]> {
  const { NodeClient, ClientError } = await import('@calbox/workflows')
  const seen = nodes.map(async ({ name, url }) => {
    const body = loginBody(administrator, url)
    try {
      await new NodeClient(url).exchange('POST', '/auth/token', { signal, body })
      return []
    } catch (error) {
      if (error instanceof ClientError) return [name]
      throw error
    }
  })
  return (await Promise.all(seen)).flat()
}

function show(event: NetworkEvent, edge: CommandEdge, formatDuration: (ms: number) => string): void {
  if (event.type === 'port-moved' || event.type === 'shortfall') edge.stderr.write(`· ${event.message}\n`)
  if (event.type !== 'ready') return
  const { node, tookMs } = event
  const how = node.adopted ? 'was running already' : `ready in ${formatDuration(tookMs)}`
  edge.stdout.write(`${node.name}  ${node.url}  ${how}\n`)
}
