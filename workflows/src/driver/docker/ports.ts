// Ports of nodes in containers. Inside they are always the same; outside only the HTTP port is published, on the loopback
// address, from the same reservations that nodes as processes use: the two kinds of run beside each other do not collide.
import type { NodeSpec } from '../driver.ts'
import { DEFAULT_RPC_PORT } from '../limits.ts'
import type { ChosenPort, PortReservations, PortWish } from '../process/ports.ts'
import { CONTAINER_SWARM_PORT } from './image/image-archive.ts'

export class DockerPorts {
  readonly #own: PortReservations | undefined
  readonly #isHere: () => Promise<boolean>

  /** None, or not here: of another machine, whose engine chooses those that nobody asks for. */
  constructor(reservations: PortReservations | undefined, isHere = async () => true) {
    this.#own = reservations
    this.#isHere = isHere
  }

  async choose(wish: PortWish): Promise<ChosenPort> {
    if (wish.which === 'swarm') return { port: CONTAINER_SWARM_PORT }
    const reservations = await this.#reservations()
    return reservations?.choose(wish) ?? { port: wish.explicit ? wish.port : 0 }
  }

  /** An explicit one is checked, so that the error names its holder; otherwise the default or a free one. */
  async forStart(spec: NodeSpec): Promise<number> {
    const reservations = await this.#reservations()
    if (reservations === undefined) return spec.rpcPort ?? 0
    const of = `rpc of ${spec.name}`
    if (spec.rpcPort === undefined) {
      return (await reservations.choose({ of, port: DEFAULT_RPC_PORT, explicit: false })).port
    }
    // That of a node behind a router is published already, where its network is.
    if (spec.placement?.container === undefined) await reservations.check({ of, port: spec.rpcPort })
    return spec.rpcPort
  }

  async keep(port: number): Promise<void> {
    await (await this.#reservations())?.keep(port)
  }

  async releaseAll(): Promise<void> {
    await this.#own?.releaseAll()
  }

  async #reservations(): Promise<PortReservations | undefined> {
    return this.#own !== undefined && (await this.#isHere()) ? this.#own : undefined
  }
}
