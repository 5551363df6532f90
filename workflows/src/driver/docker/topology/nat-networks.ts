// The containers and networks of `nat`: made in the engine, taken away as a whole by their labels.
import { DriverError } from '../../errors.ts'
import { STARTS_AT_ONCE } from '../../limits.ts'
import type { TopologyRequest } from '../../topology/topology.ts'
import { PODMAN_ULIMITS } from '../container/container-request.ts'
import { execIn } from '../container/exec-in.ts'
import { startFault } from '../container-host.ts'
import { type EngineClient, engineReason } from '../engine/engine-client.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { isImageGone, toolsImage } from '../image/tools-image.ts'
import { LABEL_TOPOLOGY } from '../labels.ts'
import { networkName } from '../run-networks.ts'
import type { BootContainer } from './boot-container.ts'
import { placeContainer, placeRoute, routerContainer, routerRules } from './nat-containers.ts'
import type { NatTools } from './nat-tools.ts'
import { assertSeenAsIs } from './seen-as-is.ts'

export interface NatParts {
  readonly engine: EngineClient
  readonly labels: Readonly<Record<string, string>>
  /** Of the boot node, and of the routers' outer sides. */
  readonly outer: string
  readonly boot: Pick<BootContainer, 'id' | 'host'>
  readonly tools: NatTools
}

type NodeOfNat = TopologyRequest['nodes'][number]

/** The containers in which the nodes have their network, by name. Whoever gets an error takes away what there is. */
export async function makeNat(
  parts: NatParts,
  request: TopologyRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const image = await toolsImage(parts.engine)
  const outerSubnet = await subnetOf(parts.engine, parts.outer)
  const places = new Map<string, string>()
  const queue = request.nodes.values()
  const worker = async () => {
    for (const node of queue) {
      signal.throwIfAborted()
      places.set(node.name, await makePlace({ ...parts, image, outerSubnet, request }, node, signal))
    }
  }
  // All of them: what one still makes while another fails is not to come after it was taken away.
  const ends = await Promise.allSettled(Array.from({ length: STARTS_AT_ONCE }, worker))
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason
  return places
}

async function makePlace(
  parts: NatParts & { image: string; outerSubnet: string; request: TopologyRequest },
  node: NodeOfNat,
  signal: AbortSignal,
): Promise<string> {
  const { engine, image, labels, outer, request, tools } = parts
  const network = await makeNetwork(parts, node.name)
  const inner = await subnetOf(engine, network)
  const prefix = `${request.runId}-${node.name}`
  const router = await create(engine, `${prefix}-router`, image, (image) => routerContainer({ image, labels, network }))
  await engine.tell('POST', `/networks/${encodeURIComponent(outer)}/connect`, { body: { Container: router } })
  await engine.json('POST', `/containers/${router}/start`)
  const mode = request.natMode ?? 'cone'
  const nets = { inner, outer: parts.outerSubnet, boot: parts.boot.host }
  await command(engine, router, routerRules(mode, tools.program, nets), signal)
  const seen = await engine.json('GET', `/containers/${router}/json`)
  const outerHost = textField(seen, 'NetworkSettings', 'Networks', outer, 'IPAddress')
  await assertSeenAsIs(parts, { id: router, host: outerHost }, { signal })
  const address = textField(seen, 'NetworkSettings', 'Networks', network, 'IPAddress')
  const asked = { name: node.name, hostPort: node.rpcPort }
  const place = await create(engine, `${prefix}-network`, image, (image) =>
    placeContainer({ image, labels, network }, asked),
  )
  await engine.json('POST', `/containers/${place}/start`).catch((error: unknown) => {
    throw startFault(node, error)
  })
  await command(engine, place, placeRoute(address), signal)
  return place
}

async function makeNetwork({ engine, labels, request }: NatParts & { request: TopologyRequest }, node: string) {
  const name = `${networkName(request.runId)}-${node}`
  const body = {
    Name: name,
    Driver: 'bridge',
    CheckDuplicate: true,
    // By the router, and by nobody else.
    Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    Labels: { ...labels, [LABEL_TOPOLOGY]: 'network' },
  }
  await engine.json('POST', '/networks/create', { body }).catch((error: unknown) => {
    const reason = engineReason(error)
    const remedy = /address pool/.test(reason)
      ? '; behind NAT each node has a network of its own: take fewer nodes, remove networks that nobody uses (`docker network prune`), or give the engine more (`default-address-pools`)'
      : ''
    throw new DriverError('ENGINE_FAILED', `the network ${name} cannot be made: ${reason}${remedy}`, { cause: error })
  })
  return name
}

async function create(
  engine: EngineClient,
  name: string,
  image: string,
  requestWith: (image: string) => { readonly HostConfig: object },
): Promise<string> {
  const { HostConfig, ...rest } = requestWith(image)
  const body = { ...rest, HostConfig: { ...HostConfig, ...(engine.isPodman && { Ulimits: PODMAN_ULIMITS }) } }
  try {
    return textField(await engine.json('POST', '/containers/create', { query: { name }, body }), 'Id')
  } catch (error) {
    if (!isImageGone(error)) throw error
    return create(engine, name, await toolsImage(engine), requestWith)
  }
}

async function command(engine: EngineClient, id: string, line: readonly string[], signal: AbortSignal): Promise<void> {
  const { exitCode, output } = await execIn(engine, id, line, { signal })
  if (exitCode === 0) return
  const message = `topology nat cannot be made in this engine: ${line[0]} ended with exit code ${exitCode}: ${output.trim()}`
  throw new DriverError('TOPOLOGY_UNAVAILABLE', message)
}

/** The IPv4 addresses that the engine has given it. */
async function subnetOf(engine: EngineClient, network: string): Promise<string> {
  const seen = await engine.json('GET', `/networks/${encodeURIComponent(network)}`)
  const subnets = listOf(field(seen, 'IPAM', 'Config')).map((each) => textField(each, 'Subnet'))
  const found = subnets.find((subnet) => /^[\d.]+\/\d+$/.test(subnet))
  if (found !== undefined) return found
  throw new DriverError('ENGINE_FAILED', `the engine has given the network ${network} no IPv4 addresses`)
}
