// From the plan's nodes to running ones: what the file asks for as a request to the driver, its events as the run's.
import type { NodeDriver, NodeImage } from '../driver/driver.ts'
import { type NetworkEvent, type NetworkParts, type NetworkRequest, startNetwork } from '../driver/network.ts'
import type { Plan, PlannedNode } from '../plan/plan-types.ts'
import { type Administrator, administratorEnv } from './administrators.ts'
import type { EmitRunEvent } from './events.ts'
import { RunRefusedError } from './run-errors.ts'
import type { RunNodes } from './run-nodes.ts'

export interface StartNodesParts {
  readonly network: Pick<NetworkParts, 'driver' | 'ports' | 'topology'>
  readonly nodes: RunNodes
  readonly emit: EmitRunEvent
  readonly cwd: string
  /** By node; with embedded authentication each has one, unless the environment names one for all. */
  readonly administrators: ReadonlyMap<string, Administrator>
}

export async function startNodes(parts: StartNodesParts, plan: Plan, options: { signal: AbortSignal }): Promise<void> {
  const { emit } = parts
  const onEvent = (event: NetworkEvent) => emitNetworkEvent(event, emit)
  const request = { ...requestOf(plan, parts), dataRoot: `${parts.cwd}/data` }
  const network = await startNetwork({ ...parts.network, onEvent }, request, options)
  for (const node of network.nodes) parts.nodes.add(node)
}

/** Before anything is started: what these nodes cannot do is said, not left out in silence. */
export function refuseUnsupported(plan: Plan, network?: Pick<NetworkParts, 'driver' | 'topology'>): void {
  const { topology, authService, authMode } = plan.settings
  const refused = (key: string, why: string) => {
    const position = plan.settingPositions[key]
    return new RunRefusedError(`${key}: ${why}`, position && { file: plan.file, ...position })
  }
  if (topology !== undefined && network !== undefined && network.topology === undefined) {
    throw refused(
      'topology',
      `${topology.type} is not made by the ${network.driver.kind} driver; processes have it (--driver process)`,
    )
  }
  if (authService)
    throw refused('auth_service', 'true needs other programs in containers (a proxy, mero-auth); leave it out')
  // Nodes that were to check their callers must not run as ones that let everybody in: a node that cannot do what
  // "embedded" asks for refuses to start.
  if (authMode !== undefined && authMode !== 'proxy' && authMode !== 'embedded') {
    throw refused('auth_mode', `${JSON.stringify(authMode)} is not known; write embedded or proxy, or leave it out`)
  }
}

/** Settings that are accepted and change nothing here; one line each. */
export function ignoredSettings(plan: Plan, driver?: NodeDriver): string[] {
  const notes: string[] = []
  const { topology, stopAllNodes } = plan.settings
  if (topology !== undefined && !stopAllNodes) {
    notes.push('stop_all_nodes: false is not kept: nodes of a topology end with the run, as their network does')
  }
  if (topology?.bootNodeImage !== undefined) {
    notes.push(`topology.boot_node.image ${topology.bootNodeImage} is not used: the boot node is that of calbox`)
  }
  const image = plan.settings.image ?? plan.nodes.find((node) => node.image !== undefined)?.image
  if (image !== undefined && driver?.capabilities.images !== true)
    notes.push(
      `image ${image} is not used: nodes run ${driver?.kind === 'docker' ? 'in that of calbox (--image-as-written uses it)' : 'as processes'}`,
    )
  if (plan.nodes.some((node) => node.configPath !== undefined)) notes.push('config_path is not used')
  if (driver?.kind === 'merod') return notes
  const { binaryPath } = plan.settings
  if (binaryPath !== undefined)
    notes.push(`binary_path ${binaryPath} is not used: nodes run the program of calbox (--driver merod runs it)`)
  return notes
}

function requestOf(plan: Plan, { administrators }: Pick<StartNodesParts, 'administrators'>): NetworkRequest {
  const { settings } = plan
  return {
    name: plan.name,
    nodes: plan.nodes.map((node) => ({
      ...nodeRequest(node, administrators.get(node.name)),
      ...imageOf(node, settings),
      // Both programs call it that.
      ...(node.mockTee === true && { args: ['--mock-tee'] }),
    })),
    restart: settings.restart,
    authMode: settings.authMode,
    e2eMode: settings.e2eMode,
    ...(settings.bootstrapNodes && { bootstrapNodes: settings.bootstrapNodes }),
    preserveDefaultBootstrap: settings.preserveDefaultBootstrap,
    ...(settings.topology && { topology: settings.topology }),
    readyTimeoutMs: settings.waitTimeoutSec * 1000,
  }
}

function nodeRequest(node: PlannedNode, administrator: Administrator | undefined) {
  return {
    name: node.name,
    rpcPort: node.rpcPort,
    swarmPort: node.swarmPort,
    dataDir: node.dataDir,
    mdns: node.mdns,
    ...(administrator && { env: administratorEnv(administrator) }),
  }
}

function imageOf(node: PlannedNode, { image, forcePullImage }: Plan['settings']): { image?: NodeImage } {
  const name = node.image ?? image
  return name === undefined ? {} : { image: { name, pull: forcePullImage } }
}

function emitNetworkEvent(event: NetworkEvent, emit: EmitRunEvent): void {
  if (event.type === 'port-moved' || event.type === 'topology')
    emit({ type: 'note', level: 'info', message: event.message })
  else if (event.type === 'starting') emit({ type: 'node:starting', node: event.node })
  else if (event.type === 'meshed') emit({ type: 'network:meshed', tookMs: event.tookMs })
  else {
    const { node, tookMs } = event
    emit({ type: 'node:ready', node: node.name, url: node.url, tookMs, reused: node.adopted })
  }
}
