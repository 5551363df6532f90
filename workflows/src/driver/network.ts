// Starts the nodes of one run on a driver: ports, who boots from whom, adoption, paced start, meshed.
import type { NodeDriver, RunningNode } from './driver.ts'

export interface NodeRequest {
  readonly name: string
  /** Set only where the user asked for it: a busy one is then an error instead of a reason to choose another. */
  readonly rpcPort?: number
  readonly swarmPort?: number
  /** Home of the node; default `<dataRoot>/<name>`. */
  readonly dataDir?: string
  readonly mdns?: boolean
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface NetworkRequest {
  /** Names the network in `calbox ps`. */
  readonly name: string
  readonly nodes: readonly NodeRequest[]
  /** First port of the count form; nodes without their own get base + index. Explicit, like the ports above. */
  readonly baseRpcPort?: number
  readonly baseSwarmPort?: number
  /** Default `data` in the working directory. */
  readonly dataRoot?: string
  /** Stop nodes that already run under these names and start them anew on their data, instead of adopting them. */
  readonly restart?: boolean
  readonly authMode?: string
  readonly e2eMode?: boolean
  readonly bootstrapNodes?: readonly string[]
  /** False: the nodes are not told of each other (the file wants to discover or wire them itself). Default true. */
  readonly wire?: boolean
  /** For each node to be healthy, and then for all to be meshed. Default 60 s. */
  readonly readyTimeoutMs?: number
}

export type NetworkEvent =
  | { readonly type: 'port-moved'; readonly node: string; readonly message: string }
  | { readonly type: 'starting'; readonly node: string }
  | { readonly type: 'ready'; readonly node: RunningNode; readonly tookMs: number }
  | { readonly type: 'meshed'; readonly tookMs: number }

export interface RunningNetwork {
  readonly name: string
  readonly runId: string
  /** In the order of the request. */
  readonly nodes: readonly RunningNode[]
}

/**
 * Resolves when every node is healthy and meshed. On failure or abort the nodes this call started are stopped again;
 * adopted ones go on running. Throws DriverError or `signal.reason`.
 */
export declare function startNetwork(
  parts: { driver: NodeDriver; onEvent: (event: NetworkEvent) => void },
  request: NetworkRequest,
  options: { signal: AbortSignal },
): Promise<RunningNetwork>
