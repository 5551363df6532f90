// Ways between nodes that faults hold: what several hold is free when the last of them lets go of it.
import type { PeerId } from '../../src/network/network.ts'
import type { SimulatedNetwork } from '../../src/network/simulated/simulated.ts'

export type Way = readonly [PeerId, PeerId]

export class Ways {
  readonly #network: Pick<SimulatedNetwork, 'cut' | 'mend' | 'block' | 'unblock'>
  readonly #cuts = new Map<string, number>()
  readonly #blocks = new Map<string, number>()

  constructor(network: Pick<SimulatedNetwork, 'cut' | 'mend' | 'block' | 'unblock'>) {
    this.#network = network
  }

  /** In both directions, whichever comes first. */
  cut([a, b]: Way): void {
    if (hold(this.#cuts, nameOf([a, b].sort()))) this.#network.cut(a, b)
  }

  mend([a, b]: Way): void {
    if (letGo(this.#cuts, nameOf([a, b].sort()))) this.#network.mend(a, b)
  }

  block([from, to]: Way): void {
    if (hold(this.#blocks, nameOf([from, to]))) this.#network.block(from, to)
  }

  unblock([from, to]: Way): void {
    if (letGo(this.#blocks, nameOf([from, to]))) this.#network.unblock(from, to)
  }
}

function nameOf(way: readonly PeerId[]): string {
  return way.join(' ')
}

/** True for the first. */
function hold(held: Map<string, number>, name: string): boolean {
  const count = (held.get(name) ?? 0) + 1
  held.set(name, count)
  return count === 1
}

/** True for the last. */
function letGo(held: Map<string, number>, name: string): boolean {
  const count = (held.get(name) ?? 0) - 1
  if (count > 0) held.set(name, count)
  else held.delete(name)
  return count === 0
}
