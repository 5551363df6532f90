// Ports of nodes in containers. Inside they are always the same; outside only the HTTP port is published, on the loopback
// address, from the same reservations that nodes as processes use: the two kinds of run beside each other do not collide.
import type { NodeSpec } from '../driver.ts'
import { DEFAULT_RPC_PORT } from '../limits.ts'
import type { ChosenPort, PortReservations, PortWish } from '../process/ports.ts'
import { CONTAINER_SWARM_PORT } from './image/image-archive.ts'

export class DockerPorts {
  readonly #reservations: PortReservations | undefined

  /** None: of another machine, whose engine chooses those that nobody asks for. */
  constructor(reservations: PortReservations | undefined) {
    this.#reservations = reservations
  }

  async choose(wish: PortWish): Promise<ChosenPort> {
    if (wish.which === 'swarm') return { port: CONTAINER_SWARM_PORT }
    return this.#reservations?.choose(wish) ?? { port: wish.explicit ? wish.port : 0 }
  }

  /** An explicit one is checked, so that the error names its holder; otherwise the default or a free one. */
  async forStart(spec: NodeSpec): Promise<number> {
    if (this.#reservations === undefined) return spec.rpcPort ?? 0
    const of = `rpc of ${spec.name}`
    if (spec.rpcPort === undefined) {
      return (await this.#reservations.choose({ of, port: DEFAULT_RPC_PORT, explicit: false })).port
    }
    // That of a node behind a router is published already, where its network is.
    if (spec.placement?.container === undefined) await this.#reservations.check({ of, port: spec.rpcPort })
    return spec.rpcPort
  }

  async keep(port: number): Promise<void> {
    await this.#reservations?.keep(port)
  }

  async releaseAll(): Promise<void> {
    await this.#reservations?.releaseAll()
  }
}
