import { describe, expect, it } from 'vitest'
import { SimulatedNetwork } from '../../src/network/simulated/simulated.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { generate } from '../scenario/generate.ts'
import type { Fault } from '../scenario/scenario.ts'
import { Weather } from './weather.ts'

/** Whether n0 reaches n1, and what it sends arrives, at each of the times. */
function reached(faults: readonly Fault[], timesMs: readonly number[]): boolean[] {
  const timers: { readonly atMs: number; readonly fn: () => void }[] = []
  let nowMs = 0
  const clock = {
    nowMs: () => nowMs,
    setTimer: (fn: () => void, ms: number) => {
      const timer = { atMs: nowMs + ms, fn }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
  }
  const random = seededRandom('weather')
  const network = new SimulatedNetwork({ clock, random })
  const scenario = { ...generate(1), nodes: ['n0', 'n1', 'n2'], faults }
  new Weather(scenario, { clock, random, peerOf: (name) => name, onFault: () => {} }).begin(network)
  return timesMs.map((untilMs) => {
    for (;;) {
      const [next] = timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      timers.splice(timers.indexOf(next), 1)
      nowMs = next.atMs
      next.fn()
    }
    nowMs = untilMs
    return network.reachable('n0', 'n1') && !network.isBlocked('n0', 'n1')
  })
}

const window = (fromMs: number, untilMs: number) => ({ fromMs, untilMs })
const sides = [['n0'], ['n1', 'n2']]

it('a wind counts once it has met a packet', () => {
  const timers: (() => void)[] = []
  const setTimer = (fn: () => void) => {
    timers.push(fn)
    return () => {}
  }
  const clock = { nowMs: () => 0, setTimer }
  const random = seededRandom('wind')
  const faults: Fault[] = [
    { kind: 'slow', node: 'n2', delayMs: 100, bytesPerMs: 1, ...window(0, 20) },
    { kind: 'loss', rate: 1, ...window(0, 20) },
    { kind: 'reorder', rate: 1, maxMs: 100, ...window(0, 20) },
  ]
  const acted = new Set<string>()
  const onFault = ({ kind }: Fault) => void acted.add(kind)
  const weather = new Weather({ ...generate(1), faults }, { clock, random, peerOf: (name) => name, onFault })
  weather.begin(new SimulatedNetwork({ clock, random }))
  for (const [at, begin] of timers.entries()) if (at % 2 === 0) begin()
  expect([...acted]).toEqual([])
  weather.judge({ from: 'n0', to: 'n1', kind: 'stream', bytes: 10 })
  expect([...acted]).toEqual(['loss'])
  weather.judge({ from: 'n0', to: 'n2', kind: 'gossip', bytes: 10 })
  expect([...acted].sort()).toEqual(['loss', 'reorder', 'slow'])
})

describe('faults that hold the same way', () => {
  const times = [5, 15, 25, 35]
  const apart = [false, false, false, true]

  it.each([false, true])('two partitions: it is free when both have ended (silent: %s)', (silent) => {
    const faults: Fault[] = [
      { kind: 'partition', sides, silent, ...window(0, 20) },
      { kind: 'partition', sides: sides.toReversed(), silent, ...window(10, 30) },
    ]
    expect(reached(faults, times)).toEqual(apart)
  })

  it('a silent partition and a one-way fault within it', () => {
    const faults: Fault[] = [
      { kind: 'partition', sides, silent: true, ...window(0, 30) },
      { kind: 'one-way', from: ['n0'], to: ['n1'], ...window(10, 20) },
    ]
    expect(reached(faults, times)).toEqual(apart)
  })

  it('a flap within a partition, either way round', () => {
    const faults: Fault[] = [
      { kind: 'partition', sides, silent: false, ...window(0, 30) },
      { kind: 'flap', a: 'n1', b: 'n0', periodMs: 4, ...window(3, 22) },
    ]
    expect(reached(faults, times)).toEqual(apart)
  })

  it('a flap alone comes and goes, and is over at its end', () => {
    const faults: Fault[] = [{ kind: 'flap', a: 'n0', b: 'n1', periodMs: 10, ...window(1, 20) }]
    expect(reached(faults, [3, 8, 13, 21, 40])).toEqual([false, true, false, true, true])
  })
})
