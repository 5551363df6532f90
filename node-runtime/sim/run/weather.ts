// The faults of the network while a scenario runs: decides about each packet, and breaks and mends ways in time.
import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import type { PeerId } from '../../src/network/network.ts'
import type { SimulatedNetwork } from '../../src/network/simulated/simulated.ts'
import type { Packet, Verdict } from '../../src/network/simulated/simulated-packet.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { type Way, Ways } from './ways.ts'

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>
type Wind = Of<'loss' | 'delay' | 'reorder' | 'duplicate' | 'slow'>
/** They do something packet by packet, or nothing. */
const WINDS: ReadonlySet<Fault['kind']> = new Set(['loss', 'delay', 'reorder', 'duplicate', 'slow'])

export interface WeatherParts {
  readonly clock: Clock
  readonly random: Random
  readonly peerOf: (name: string) => PeerId
  /** A fault has done something; what cuts or blocks ways does so as it begins. */
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
    const { random, peerOf, onFault } = this.#parts
    const { minDelayMs, maxDelayMs } = this.#scenario.network
    let delayMs = minDelayMs + random.float() * (maxDelayMs - minDelayMs)
    let lost = false
    let copies = 1
    for (const wind of this.#winds) {
      const chance = random.float()
      const before = { delayMs, copies }
      const isHit = wind.kind === 'loss' && chance < wind.rate
      if (wind.kind === 'loss') lost ||= isHit
      else if (wind.kind === 'delay') delayMs += chance * wind.maxMs
      else if (wind.kind === 'duplicate') copies += chance < wind.rate ? 1 : 0
      else if (wind.kind === 'reorder')
        delayMs += kind === 'gossip' && chance < wind.rate ? random.float() * wind.maxMs : 0
      else if (peerOf(wind.node) === from || peerOf(wind.node) === to) delayMs += wind.delayMs + bytes / wind.bytesPerMs
      if (isHit || delayMs > before.delayMs || copies > before.copies) onFault(wind)
    }
    return { delayMs, lost, copies }
  }

  /** Sets what happens when, from now on. */
  begin(network: SimulatedNetwork): void {
    const ways = new Ways(network)
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
          this.#oneWay(ways, fault)
          break
        case 'partition':
          this.#partition(ways, fault)
          break
        case 'flap':
          this.#flap(ways, fault)
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
      if (!WINDS.has(fault.kind)) onFault(fault)
      begin()
    }, fault.fromMs)
    clock.setTimer(() => {
      if (!this.#calm) end()
    }, fault.untilMs)
  }

  #oneWay(ways: Ways, fault: Of<'one-way'>): void {
    const { peerOf } = this.#parts
    const all = fault.from.flatMap((from) => fault.to.map((to): Way => [peerOf(from), peerOf(to)]))
    this.#during(
      fault,
      () => {
        for (const way of all) ways.block(way)
      },
      () => {
        for (const way of all) ways.unblock(way)
      },
    )
  }

  #partition(ways: Ways, fault: Of<'partition'>): void {
    const sides = fault.sides.map((side) => side.map(this.#parts.peerOf))
    const pairs = sides.flatMap((side, i) =>
      sides.slice(i + 1).flatMap((other) => side.flatMap((a) => other.map((b): Way => [a, b]))),
    )
    const begin = ([a, b]: Way) => {
      if (!fault.silent) return ways.cut([a, b])
      ways.block([a, b])
      ways.block([b, a])
    }
    const end = ([a, b]: Way) => {
      if (!fault.silent) return ways.mend([a, b])
      ways.unblock([a, b])
      ways.unblock([b, a])
    }
    this.#during(
      fault,
      () => pairs.forEach(begin),
      () => pairs.forEach(end),
    )
  }

  #flap(ways: Ways, fault: Of<'flap'>): void {
    const { clock, peerOf } = this.#parts
    const way: Way = [peerOf(fault.a), peerOf(fault.b)]
    let over = false
    let isCut = false
    const turn = (cuts: boolean) => {
      if (cuts === isCut) return
      isCut = cuts
      if (cuts) ways.cut(way)
      else ways.mend(way)
    }
    const flap = () => {
      if (over || this.#calm) return
      turn(!isCut)
      clock.setTimer(flap, fault.periodMs / 2)
    }
    this.#during(fault, flap, () => {
      over = true
      turn(false)
    })
  }
}
