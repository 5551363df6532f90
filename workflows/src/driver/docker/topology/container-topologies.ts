// Topologies out of containers: a boot node, and for `nat` a router and a network for each node. They last as long as their
// driver, as its nodes are in them.
import type { NodePlacement } from '../../driver.ts'
import type { Topology, TopologyRequest } from '../../topology/topology.ts'
import type { ContainerHost } from '../container-host.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_DRIVER, LABEL_TOPOLOGY, labelled } from '../labels.ts'
import { removeContainer } from '../reap.ts'
import { type BootContainer, startBootContainer } from './boot-container.ts'
import { makeNat } from './nat-networks.ts'
import { natTools } from './nat-tools.ts'

export interface ContainerTopologiesParts {
  readonly host: ContainerHost
  readonly driverId: string
  /** Absolute: `.calbox`. */
  readonly stateDir: string
}

export class ContainerTopologies {
  readonly #parts: ContainerTopologiesParts
  readonly #boots: BootContainer[] = []
  #engine: EngineClient | undefined

  constructor(parts: ContainerTopologiesParts) {
    this.#parts = parts
  }

  /** Throws DriverError TOPOLOGY_UNAVAILABLE with what is missing, before anything is made. */
  async open(request: TopologyRequest, options: { readonly signal: AbortSignal }): Promise<Topology> {
    const tools = request.type === 'nat' ? await natTools() : undefined
    const beside = await this.#parts.host.beside(request.runId)
    this.#engine = beside.engine
    try {
      const network = await beside.network()
      options.signal.throwIfAborted()
      const parts = { ...beside, network, stateDir: this.#parts.stateDir }
      const boot = await startBootContainer(parts, request, options)
      this.#boots.push(boot)
      const places = tools && (await makeNat({ ...beside, outer: network, boot, tools }, request, options))
      const where = places
        ? `each node behind a router (${request.natMode ?? 'cone'} NAT) in networks of their own`
        : 'nodes know only it'
      return {
        summary: `boot node at ${boot.address}; ${where}`,
        placementOf: (name) => placementOf(boot.address, places?.get(name)),
      }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** After the nodes that are in them. */
  async close(): Promise<void> {
    await Promise.all(this.#boots.splice(0).map((boot) => boot.stop()))
    const engine = this.#engine
    if (engine === undefined) return
    this.#engine = undefined
    const filters = labelled(`${LABEL_DRIVER}=${this.#parts.driverId}`, LABEL_TOPOLOGY)
    const containers = listOf(await engine.json('GET', '/containers/json', { query: { all: true, filters } }))
    await Promise.all(containers.map((each) => removeContainer(engine, textField(each, 'Id'))))
    for (const network of listOf(await engine.json('GET', '/networks', { query: { filters } }))) {
      await engine.json('DELETE', `/networks/${textField(network, 'Id')}`)
    }
  }
}

function placementOf(relayNode: string, container: string | undefined): NodePlacement {
  return { relayNodes: [relayNode], ...(container !== undefined && { container }) }
}
