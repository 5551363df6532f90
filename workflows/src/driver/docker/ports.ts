// Ports of nodes in containers. Inside they are always the same; outside only the HTTP port is published, on the loopback
// address, from the same reservations that nodes as processes use: the two kinds of run beside each other do not collide.
import type { NodeSpec } from '../driver.ts'
import { DEFAULT_RPC_PORT } from '../limits.ts'
import type { ChosenPort, PortReservations, PortWish } from '../process/ports.ts'
import { CONTAINER_SWARM_PORT } from './image/image-archive.ts'

export class DockerPorts {
  readonly #reservations: PortReservations

  constructor(reservations: PortReservations) {
    this.#reservations = reservations
  }

  async choose(wish: PortWish): Promise<ChosenPort> {
    return wish.which === 'swarm' ? { port: CONTAINER_SWARM_PORT } : this.#reservations.choose(wish)
  }

  /** An explicit one is checked, so that the error names its holder; otherwise the default or a free one. */
  async forStart(spec: NodeSpec): Promise<number> {
    const of = `rpc of ${spec.name}`
    if (spec.rpcPort === undefined) {
      return (await this.#reservations.choose({ of, port: DEFAULT_RPC_PORT, explicit: false })).port
    }
    await this.#reservations.check({ of, port: spec.rpcPort })
    return spec.rpcPort
  }

  keep(port: number): Promise<void> {
    return this.#reservations.keep(port)
  }

  releaseAll(): Promise<void> {
    return this.#reservations.releaseAll()
  }
}
