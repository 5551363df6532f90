// From the plan's nodes to running ones: what the file asks for as a request to the driver, its events as the run's.
import type { NodeImage } from '../../driver/driver.ts'
import { type NetworkEvent, type NetworkParts, type NetworkRequest, startNetwork } from '../../driver/network.ts'
import { refusedSettings } from '../../plan/check/refused-settings.ts'
import type { Plan, PlannedNode } from '../../plan/plan-types.ts'
import type { EmitRunEvent } from '../events.ts'
import { RunRefusedError } from '../run-errors.ts'
import { type Administrator, administratorEnv } from './administrators.ts'
import { MOCK_TEE } from './mock-tee.ts'
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
  const onEvent = (event: NetworkEvent) => {
    if (event.type === 'shortfall')
      emit({ type: 'note', level: 'warning', message: `${event.message}${placeIn(plan)}` })
    else emitNetworkEvent(event, emit)
  }
  const request = { ...requestOf(plan, parts), dataRoot: `${parts.cwd}/data` }
  const network = await startNetwork({ ...parts.network, onEvent }, request, options)
  for (const node of network.nodes) parts.nodes.add(node)
}

/** Before anything is started: what these nodes cannot do is said, not left out in silence. */
export function refuseUnsupported(plan: Plan, network?: Pick<NetworkParts, 'driver' | 'topology'>): void {
  const { topology } = plan.settings
  const refused = (key: string, why: string) => {
    const position = plan.settingPositions[key]
    return new RunRefusedError(`${key}: ${why}`, position && { file: plan.file, ...position })
  }
  if (topology !== undefined && network !== undefined && network.topology === undefined) {
    throw refused(
      'topology',
      `${topology.type} is not made by the ${network.driver.kind} driver; nodes of calbox have it (--driver process or docker)`,
    )
  }
  for (const { key, why } of refusedSettings(plan.settings)) throw refused(key, why)
}

function requestOf(plan: Plan, { administrators }: Pick<StartNodesParts, 'administrators'>): NetworkRequest {
  const { settings } = plan
  return {
    name: plan.name,
    nodes: plan.nodes.map((node) => ({
      ...nodeRequest(node, administrators.get(node.name)),
      ...imageOf(node, settings),
      ...(node.mockTee === true && { args: [MOCK_TEE] }),
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

function placeIn({ file, settingPositions }: Plan): string {
  const position = settingPositions.bootstrap_nodes
  return position === undefined ? '' : ` (${file}:${position.line})`
}

function emitNetworkEvent(event: Exclude<NetworkEvent, { type: 'shortfall' }>, emit: EmitRunEvent): void {
  if (event.type === 'port-moved' || event.type === 'topology')
    emit({ type: 'note', level: 'info', message: event.message })
  else if (event.type === 'starting') emit({ type: 'node:starting', node: event.node })
  else if (event.type === 'meshed') emit({ type: 'network:meshed', tookMs: event.tookMs })
  else {
    const { node, tookMs } = event
    emit({ type: 'node:ready', node: node.name, url: node.url, tookMs, reused: node.adopted })
  }
}
