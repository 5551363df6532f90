// Starts the nodes of one run on a driver: adoption, ports, who boots from whom, paced start, meshed.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { NODE_NAME_HINT, nodeNameFault } from '../values/node-name.ts'
import { awaitNodeMesh } from './await-mesh.ts'
import { bootPlan } from './boot-plan.ts'
import type { NodeDriver, NodeImage, NodeSpec, RunningNode } from './driver.ts'
import { DriverError } from './errors.ts'
import {
  BOOT_NODES_MAX,
  DEFAULT_RPC_PORT,
  DEFAULT_SWARM_PORT,
  MESH_PROBE_MS_PER_NODE,
  MOVED_SHOWN_MAX,
  PROBE_MAX_MS,
  READY_TIMEOUT_MS,
  STARTS_AT_ONCE,
  WIRED_SIBLINGS_MAX,
} from './limits.ts'
import { describePortHolder } from './process/port-holder.ts'
import type { ChosenPort, PortWish } from './process/ports.ts'
import type { OpenTopology, TopologyRequest } from './topology/topology.ts'

export interface NodeRequest {
  readonly name: string
  /** Set only where the user asked for it: a busy one is then an error instead of a reason to choose another. */
  readonly rpcPort?: number | undefined
  readonly swarmPort?: number | undefined
  /** Home of the node; default `<dataRoot>/<name>`. */
  readonly dataDir?: string | undefined
  readonly mdns?: boolean | undefined
  readonly args?: readonly string[] | undefined
  readonly image?: NodeImage | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

export interface NetworkRequest {
  /** Names the network in `calbox ps`. Nodes that are adopted bring their own name and id. */
  readonly name: string
  readonly nodes: readonly NodeRequest[]
  /** First port of the count form; nodes without their own get base + index. Explicit, like the ports above. */
  readonly baseRpcPort?: number | undefined
  readonly baseSwarmPort?: number | undefined
  /** Default `data` in the working directory. */
  readonly dataRoot?: string | undefined
  /** Stop nodes that already run under these names and start them anew on their data, instead of adopting them. */
  readonly restart?: boolean | undefined
  readonly authMode?: string | undefined
  readonly e2eMode?: boolean | undefined
  readonly bootstrapNodes?: readonly string[] | undefined
  /** Besides these, those that the program of the nodes has by itself. */
  readonly preserveDefaultBootstrap?: boolean | undefined
  /** Nodes know only a boot node; `nat`: each is behind a router. */
  readonly topology?: Pick<TopologyRequest, 'type' | 'natMode' | 'bootNodeKeypair'> | undefined
  /** False: the nodes are not told of each other (the file wants to discover or wire them itself). Default true. */
  readonly wire?: boolean | undefined
  /** For each node to be healthy, and then for all to be meshed. Default READY_TIMEOUT_MS. */
  readonly readyTimeoutMs?: number | undefined
}

export type NetworkEvent =
  /** Wished ports were taken, and others are used; once for a network. `message` says which, and by whom. */
  | { readonly type: 'port-moved'; readonly message: string }
  | { readonly type: 'starting'; readonly node: string }
  /** Healthy; `node.adopted` tells that it was there before. */
  | { readonly type: 'ready'; readonly node: RunningNode; readonly tookMs: number }
  | { readonly type: 'meshed'; readonly tookMs: number }
  /** Somebody that a node was told of besides the others was not reached; it goes on without. */
  | { readonly type: 'shortfall'; readonly message: string }
  /** The boot node runs, and there is a place for each node. */
  | { readonly type: 'topology'; readonly message: string }

export interface RunningNetwork {
  readonly name: string
  readonly runId: string
  /** In the order of the request. */
  readonly nodes: readonly RunningNode[]
}

export interface NetworkParts {
  readonly driver: NodeDriver
  /** The driver's own. */
  readonly ports: { choose(wish: PortWish): Promise<ChosenPort> }
  readonly onEvent: (event: NetworkEvent) => void
  /** Absent: this driver makes none. */
  readonly topology?: OpenTopology
  /** Nodes that run in this network, wherever they were started from; a new node may boot from them, too. */
  readonly members?: (runId: string) => Promise<readonly NetworkMember[]>
}

export interface NetworkMember {
  readonly name: string
  readonly swarmAddress: string
}

/**
 * Resolves when every node is healthy and meshed. On failure or abort the nodes this call started are stopped again, and
 * adopted ones are left running. Throws DriverError or `signal.reason`.
 */
export async function startNetwork(
  parts: NetworkParts,
  request: NetworkRequest,
  options: { signal: AbortSignal },
): Promise<RunningNetwork> {
  for (const { name } of request.nodes) assertName(name)
  const found = await findRunning(parts, request, options.signal)
  const network = networkOf(found, request)
  const adopted = request.restart ? new Map<string, RunningNode>() : found
  try {
    for (const node of request.restart ? found.values() : []) await parts.driver.stop(node, { signal: options.signal })
    for (const node of adopted.values()) parts.onEvent({ type: 'ready', node, tookMs: 0 })
    const specs = await planSpecs(parts, { ...request, ...network }, adopted, options)
    const started = await startPaced(parts, specs, request, options.signal)
    const nodes = request.nodes.flatMap(({ name }) => adopted.get(name) ?? started.get(name) ?? [])
    if (request.wire !== false) await awaitMesh(parts, nodes, [...started.values()], request, options.signal)
    return { ...network, nodes }
  } catch (error) {
    // Not this run's after all: whoever left them running finds them as they were.
    await Promise.all([...adopted.values()].map((node) => parts.driver.keep(node)))
    throw error
  }
}

function assertName(name: string): void {
  const fault = nodeNameFault(name)
  if (fault === undefined) return
  const message = `the node name ${JSON.stringify(name)} ${fault}; use ${NODE_NAME_HINT}`
  throw new DriverError('NODE_NAME', message, { data: { node: name } })
}

async function findRunning(
  parts: NetworkParts,
  request: NetworkRequest,
  signal: AbortSignal,
): Promise<Map<string, RunningNode>> {
  const found = new Map<string, RunningNode>()
  for (const { name, env, args } of request.nodes) {
    const node = await parts.driver.adopt(name, { signal, env, args })
    if (node !== undefined) found.set(name, node)
  }
  return found
}

/** Nodes that were running keep their network, and what joins them gets it. */
function networkOf(found: ReadonlyMap<string, RunningNode>, request: NetworkRequest): { name: string; runId: string } {
  const specs = [...found.values()].map((node) => node.spec)
  const [first] = specs
  const stranger = specs.find((spec) => spec.runId !== first?.runId)
  if (first === undefined || (stranger !== undefined && request.restart)) {
    return { name: request.name, runId: `cb${randomBytes(6).toString('hex')}` }
  }
  if (stranger === undefined) return { name: first.network ?? first.runId, runId: first.runId }
  throw new DriverError(
    'NETWORK_MIXED',
    `nodes ${first.name} (network ${first.network}) and ${stranger.name} (network ${stranger.network}) run already, in ` +
      'networks that never meet; stop one with `calbox down`, or ask for a restart',
    { data: { nodes: [first.name, stranger.name] } },
  )
}

type PlannedSpec = NodeSpec & { readonly rpcPort: number; readonly swarmPort: number }

/** All ports are chosen before the first node starts, so that each can be told of any other. */
async function planSpecs(
  parts: NetworkParts,
  request: NetworkRequest & { runId: string },
  adopted: ReadonlyMap<string, RunningNode>,
  options: { readonly signal: AbortSignal },
): Promise<PlannedSpec[]> {
  const ports = new Map<string, Ports>()
  const moved: MovedPort[] = []
  for (const [index, node] of request.nodes.entries()) {
    if (adopted.has(node.name)) continue
    ports.set(node.name, {
      swarmPort: await choosePort({ parts, moved }, node.name, 'swarm', index, [node.swarmPort, request.baseSwarmPort]),
      rpcPort: await choosePort({ parts, moved }, node.name, 'rpc', index, [node.rpcPort, request.baseRpcPort]),
    })
  }
  if (moved.length > 0) parts.onEvent({ type: 'port-moved', message: await movedMessage(moved) })
  if (request.topology) return planPlaced(parts, { ...request, topology: request.topology }, ports, options)
  const { driver } = parts
  const plan = (node: NodeRequest, chosen: Ports, bootstrap: readonly string[]): PlannedSpec => {
    // merobox turns it on for these nodes, which find no others than those they are told of without it.
    const mdns = node.mdns ?? (driver.kind === 'merod' && request.e2eMode === true)
    return specOf({ ...node, mdns }, request, chosen, bootstrap)
  }
  const addresses: string[] = []
  for (const node of request.nodes) {
    const chosen = ports.get(node.name)
    if (chosen === undefined) addresses.push(adopted.get(node.name)?.swarmAddress ?? '')
    else if (driver.initialise) addresses.push(await driver.initialise(plan(node, chosen, []), options))
    else addresses.push(driver.swarmAddressOf?.(node.name) ?? `/ip4/127.0.0.1/tcp/${chosen.swarmPort}`)
  }
  // A network may have members that this request does not name. Only live ones: a node waits for those it is told of.
  const members = (await parts.members?.(request.runId)) ?? []
  const outside = members
    .filter(({ name }) => !request.nodes.some((node) => node.name === name))
    .map(({ swarmAddress }) => swarmAddress)
  return request.nodes.flatMap((node, index) => {
    const chosen = ports.get(node.name)
    if (chosen === undefined) return []
    if (request.wire === false) return [plan(node, chosen, [])]
    // Those that are dialled by id are told of all the others, as merobox does it.
    if (driver.initialise) {
      const others = addresses.filter((_, other) => other !== index)
      return [plan(node, chosen, [...others, ...outside].slice(0, WIRED_SIBLINGS_MAX))]
    }
    const planned = bootPlan(index, addresses.length).flatMap((other) => addresses[other] ?? [])
    return [plan(node, chosen, [...planned, ...outside].slice(0, BOOT_NODES_MAX))]
  })
}

/** They know only the boot node of their topology. */
async function planPlaced(
  parts: NetworkParts,
  request: NetworkRequest & { runId: string; topology: NonNullable<NetworkRequest['topology']> },
  ports: ReadonlyMap<string, Ports>,
  options: { readonly signal: AbortSignal },
): Promise<PlannedSpec[]> {
  const { topology: asked, runId } = request
  if (parts.topology === undefined || ports.size < request.nodes.length) {
    const message = parts.topology
      ? `topology ${asked.type} needs nodes of its own, and some of these run already; end them with \`calbox down\``
      : `topology ${asked.type} is not made by the ${parts.driver.kind} driver`
    throw new DriverError('UNSUPPORTED', message)
  }
  const nodes = [...ports].map(([name, chosen]) => ({ name, ...chosen }))
  const topology = await parts.topology({ ...asked, runId, nodes }, options)
  parts.onEvent({ type: 'topology', message: topology.summary })
  return request.nodes.flatMap((node) => {
    const chosen = ports.get(node.name)
    if (chosen === undefined) return []
    return [{ ...specOf({ ...node, mdns: false }, request, chosen, []), placement: topology.placementOf(node.name) }]
  })
}

interface Ports {
  readonly rpcPort: number
  readonly swarmPort: number
}

interface MovedPort {
  readonly wished: number
  readonly message: string
}

/** One line, however many nodes: where each of them is, is said with it. */
async function movedMessage(moved: readonly MovedPort[]): Promise<string> {
  const [first, ...others] = moved
  if (first === undefined || others.length === 0) return first?.message ?? ''
  const shown = moved.slice(0, MOVED_SHOWN_MAX).map(({ wished }) => wished)
  const left = moved.length - shown.length
  const holder = await describePortHolder(first.wished)
  const by = holder === undefined ? '' : `, ${first.wished} by ${holder}`
  return `ports ${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''} are in use${by}; using free ones instead`
}

async function choosePort(
  { parts, moved }: { parts: NetworkParts; moved: MovedPort[] },
  node: string,
  which: 'rpc' | 'swarm',
  index: number,
  [own, base]: [number | undefined, number | undefined],
): Promise<number> {
  const asked = own ?? (base === undefined ? undefined : base + index)
  const port = asked ?? (which === 'rpc' ? DEFAULT_RPC_PORT : DEFAULT_SWARM_PORT) + index
  const chosen = await parts.ports.choose({ which, of: `${which} of ${node}`, port, explicit: asked !== undefined })
  if (chosen.moved !== undefined) moved.push({ wished: port, message: chosen.moved })
  return chosen.port
}

function specOf(
  node: NodeRequest,
  request: NetworkRequest & { runId: string },
  ports: Ports,
  bootstrap: readonly string[],
): PlannedSpec {
  const dataDir = node.dataDir ?? join(request.dataRoot ?? 'data', node.name)
  return {
    name: node.name,
    ...ports,
    dataDir,
    logFile: join(dataDir, 'logs', `${node.name}.log`),
    bootstrap,
    runId: request.runId,
    network: request.name,
    mdns: node.mdns ?? false,
    ...(node.args && { args: node.args }),
    ...(node.env && { env: node.env }),
    ...(node.image && { image: node.image }),
    ...(request.authMode !== undefined && { authMode: request.authMode }),
    ...(request.e2eMode !== undefined && { e2eMode: request.e2eMode }),
    ...(request.bootstrapNodes && { bootstrapNodes: request.bootstrapNodes }),
    ...(request.preserveDefaultBootstrap === true && { preserveDefaultBootstrap: true }),
  }
}

/** A few at a time, in order; the first failure ends them all. */
async function startPaced(
  parts: NetworkParts,
  specs: readonly NodeSpec[],
  request: NetworkRequest,
  signal: AbortSignal,
): Promise<Map<string, RunningNode>> {
  const started = new Map<string, RunningNode>()
  const failure = new AbortController()
  const either = AbortSignal.any([signal, failure.signal])
  const queue = specs.values()
  const worker = async () => {
    for (const spec of queue) {
      if (either.aborted) return
      const begun = performance.now()
      parts.onEvent({ type: 'starting', node: spec.name })
      const node = await parts.driver.start(spec, { signal: either, readyTimeoutMs: request.readyTimeoutMs })
      started.set(spec.name, node)
      parts.onEvent({ type: 'ready', node, tookMs: performance.now() - begun })
    }
  }
  try {
    const workers = Array.from({ length: Math.min(STARTS_AT_ONCE, specs.length) }, () =>
      worker().catch((error: unknown) => failure.abort(error)),
    )
    await Promise.all(workers)
    either.throwIfAborted()
    return started
  } catch (error) {
    await stopAll(parts, started.values())
    throw error
  }
}

async function awaitMesh(
  parts: NetworkParts,
  nodes: readonly RunningNode[],
  started: readonly RunningNode[],
  request: NetworkRequest,
  signal: AbortSignal,
): Promise<void> {
  const begun = performance.now()
  try {
    const readyTimeoutMs = request.readyTimeoutMs ?? READY_TIMEOUT_MS
    const pollMs = Math.max(PROBE_MAX_MS, nodes.length * MESH_PROBE_MS_PER_NODE)
    const waits = nodes.map((node) => awaitNodeMesh(parts.driver, node, { signal, readyTimeoutMs, pollMs }))
    for (const message of await Promise.all(waits)) if (message) parts.onEvent({ type: 'shortfall', message })
  } catch (error) {
    await stopAll(parts, started)
    throw error
  }
  parts.onEvent({ type: 'meshed', tookMs: performance.now() - begun })
}

/** What went wrong before is the error that counts; one in here would only hide it. */
async function stopAll(parts: NetworkParts, nodes: Iterable<RunningNode>): Promise<void> {
  await Promise.allSettled([...nodes].map((node) => parts.driver.stop(node)))
}
