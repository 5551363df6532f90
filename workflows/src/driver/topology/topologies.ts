// The topologies of one driver: they last as long as it does, as its nodes are in them.
import { type OpenedTopology, openTopology, type TopologyParts } from './open-topology.ts'
import type { Topology, TopologyRequest } from './topology.ts'

export class Topologies {
  readonly #parts: TopologyParts
  readonly #opened: OpenedTopology[] = []

  constructor(parts: TopologyParts) {
    this.#parts = parts
  }

  async open(request: TopologyRequest, options: { readonly signal: AbortSignal }): Promise<Topology> {
    const topology = await openTopology(this.#parts, request, options)
    this.#opened.push(topology)
    return topology
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((topology) => topology.close()))
  }
}
