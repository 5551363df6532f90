// The faults of the network while a scenario runs: decides about each packet, and breaks and mends ways in time.
import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import type { PeerId } from '../../src/network/network.ts'
import type { SimulatedNetwork } from '../../src/network/simulated/simulated.ts'
import type { Packet, Verdict } from '../../src/network/simulated/simulated-packet.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>
type Wind = Of<'loss' | 'delay' | 'reorder' | 'duplicate' | 'slow'>

export interface WeatherParts {
  readonly clock: Clock
  readonly random: Random
  readonly peerOf: (name: string) => PeerId
  /** A fault has begun to act. */
  readonly onFault: (fault: Fault) => void
}

export class Weather {
  readonly #scenario: Scenario
  readonly #parts: WeatherParts
  readonly #winds = new Set<Wind>()
  #calm = false

  constructor(scenario: Scenario, parts: WeatherParts) {
    this.#scenario = scenario
    this.#parts = parts
  }

  judge({ from, to, kind, bytes }: Packet): Verdict {
    const { random, peerOf } = this.#parts
    const { minDelayMs, maxDelayMs } = this.#scenario.network
    let delayMs = minDelayMs + random.float() * (maxDelayMs - minDelayMs)
    let lost = false
    let copies = 1
    for (const wind of this.#winds) {
      const chance = random.float()
      if (wind.kind === 'loss') lost ||= chance < wind.rate
      else if (wind.kind === 'delay') delayMs += chance * wind.maxMs
      else if (wind.kind === 'duplicate') copies += chance < wind.rate ? 1 : 0
      else if (wind.kind === 'reorder')
        delayMs += kind === 'gossip' && chance < wind.rate ? random.float() * wind.maxMs : 0
      else if (peerOf(wind.node) === from || peerOf(wind.node) === to) delayMs += wind.delayMs + bytes / wind.bytesPerMs
    }
    return { delayMs, lost, copies }
  }

  /** Sets what happens when, from now on. */
  begin(network: SimulatedNetwork): void {
    for (const fault of this.#scenario.faults) {
      switch (fault.kind) {
        case 'loss':
        case 'delay':
        case 'reorder':
        case 'duplicate':
        case 'slow':
          this.#during(
            fault,
            () => this.#winds.add(fault),
            () => this.#winds.delete(fault),
          )
          break
        case 'one-way':
          this.#oneWay(network, fault)
          break
        case 'partition':
          this.#partition(network, fault)
          break
        case 'flap':
          this.#flap(network, fault)
          break
      }
    }
  }

  /** No faults any more. */
  calm(network: SimulatedNetwork): void {
    this.#calm = true
    this.#winds.clear()
    network.heal()
  }

  #during(fault: Fault & { fromMs: number; untilMs: number }, begin: () => void, end: () => void): void {
    const { clock, onFault } = this.#parts
    clock.setTimer(() => {
      if (this.#calm) return
      onFault(fault)
      begin()
    }, fault.fromMs)
    clock.setTimer(() => {
      if (!this.#calm) end()
    }, fault.untilMs)
  }

  #oneWay(network: SimulatedNetwork, fault: Of<'one-way'>): void {
    const { peerOf } = this.#parts
    const ways = fault.from.flatMap((from) => fault.to.map((to) => [peerOf(from), peerOf(to)] as const))
    this.#during(
      fault,
      () => {
        for (const [from, to] of ways) network.block(from, to)
      },
      () => {
        for (const [from, to] of ways) network.unblock(from, to)
      },
    )
  }

  #partition(network: SimulatedNetwork, fault: Of<'partition'>): void {
    const sides = fault.sides.map((side) => side.map(this.#parts.peerOf))
    const pairs = sides.flatMap((side, i) =>
      sides.slice(i + 1).flatMap((other) => side.flatMap((a) => other.map((b) => [a, b] as const))),
    )
    const begin = ([a, b]: readonly [PeerId, PeerId]) => {
      if (!fault.silent) return network.cut(a, b)
      network.block(a, b)
      network.block(b, a)
    }
    const end = ([a, b]: readonly [PeerId, PeerId]) => {
      if (!fault.silent) return network.mend(a, b)
      network.unblock(a, b)
      network.unblock(b, a)
    }
    this.#during(
      fault,
      () => pairs.forEach(begin),
      () => pairs.forEach(end),
    )
  }

  #flap(network: SimulatedNetwork, fault: Of<'flap'>): void {
    const { clock, peerOf } = this.#parts
    const [a, b] = [peerOf(fault.a), peerOf(fault.b)]
    let over = false
    const turn = (isUp: boolean) => {
      if (over || this.#calm) return
      if (isUp) network.cut(a, b)
      else network.mend(a, b)
      clock.setTimer(() => turn(!isUp), fault.periodMs / 2)
    }
    this.#during(
      fault,
      () => turn(true),
      () => {
        over = true
        network.mend(a, b)
      },
    )
  }
}
