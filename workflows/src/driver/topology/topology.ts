// What a file's `topology` asks for, and what a driver that can make it gives: a boot node, and for each node a place.
import type { NodePlacement } from '../driver.ts'

export interface TopologyRequest {
  readonly type: 'bootstrap' | 'nat'
  readonly natMode?: 'cone' | 'symmetric' | undefined
  /** File with the boot node's private key; made where it is not there. Default: a new key for each run. */
  readonly bootNodeKeypair?: string | undefined
  /** The private network that its boot node is for. */
  readonly runId: string
  /** In this order. */
  readonly nodes: readonly { readonly name: string; readonly swarmPort: number; readonly rpcPort: number }[]
}

export interface Topology {
  /** One line: what was made. */
  readonly summary: string
  placementOf(name: string): NodePlacement
}

/** Throws DriverError: TOPOLOGY_UNAVAILABLE says what is missing. What was made ends with the driver. */
export type OpenTopology = (request: TopologyRequest, options: { readonly signal: AbortSignal }) => Promise<Topology>
