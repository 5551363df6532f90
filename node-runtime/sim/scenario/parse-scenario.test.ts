import { describe, expect, it } from 'vitest'
import { generate } from './generate.ts'
import { parseScenario } from './parse-scenario.ts'
import type { Fault, Scenario } from './scenario.ts'
import { shrink } from './shrink.ts'

const small: Scenario = {
  v: 1,
  seed: '7',
  app: 'mixed',
  nodes: ['n0', 'n1', 'n2'],
  network: { minDelayMs: 1, maxDelayMs: 20 },
  lag: { diskMs: 0, guestMs: 0 },
  sync: { everyMs: 5000, gapMs: 5000 },
  operations: [{ atMs: 10, node: 'n1', method: 'set', args: { key: 'a', value: '1' } }],
  faults: [
    { kind: 'crash', node: 'n2', atMs: 5, batch: 1, written: true, downMs: 100 },
    { kind: 'partition', sides: [['n0'], ['n1', 'mallory']], silent: true, fromMs: 3, untilMs: 9 },
  ],
}
const [operation] = small.operations
const read = (value: object) => parseScenario(JSON.stringify(value))
const withFault = (fault: object) => ({ ...small, faults: [...small.faults, fault] })
const flap = { kind: 'flap', a: 'n0', b: 'n1', fromMs: 1, untilMs: 2 }

describe('a scenario', () => {
  it.each<[what: string, value: object, why: string]>([
    [
      'a misspelt field of an operation',
      { ...small, operations: [{ atms: 10, node: 'n1', method: 'set', args: {} }] },
      '/operations/0 must have required properties atMs; /operations/0/atms is unknown',
    ],
    [
      'a fault of unknown kind',
      withFault({ kind: 'meteor' }),
      '/faults/2/kind must be one of "loss", "delay", "reorder"',
    ],
    [
      'a field of another fault',
      withFault({ kind: 'delay', maxMs: 1, rate: 1, fromMs: 1, untilMs: 2 }),
      '/faults/2/rate is unknown',
    ],
    [
      'a fault without its time',
      withFault({ kind: 'rotation', node: 'n0' }),
      '/faults/2 must have required properties atMs',
    ],
    ['an unknown field', { ...small, fault: [] }, '/fault is unknown'],
    ['an unknown application', { ...small, app: 'chess' }, '/app must be one of "mixed", "collections"'],
    ['an unknown mark', { ...small, marks: ['lucky'] }, '/marks/0 must be one of'],
    ['no nodes', { ...small, nodes: [] }, '/nodes must not have fewer than 1 items'],
    ['one node twice', { ...small, nodes: ['n0', 'n0', 'n1', 'n2'] }, '/nodes must not have duplicate items'],
    [
      'a call of nobody',
      { ...small, operations: [{ ...operation, node: 'n7' }] },
      '/operations/0/node names "n7", which is none of n0, n1, n2',
    ],
    [
      'a call of the hostile peer',
      { ...small, operations: [{ ...operation, node: 'mallory' }] },
      '/operations/0/node names "mallory"',
    ],
    ['a fault of nobody', withFault({ ...flap, b: 'n7', periodMs: 5 }), '/faults/2/b names "n7"'],
    [
      'a side with nobody',
      withFault({ kind: 'partition', sides: [['n0'], ['n1', 'n7']], silent: true, fromMs: 3, untilMs: 9 }),
      '/faults/2/sides/1/1 names "n7"',
    ],
    [
      'who joins and is there',
      withFault({ kind: 'late', node: 'n1', via: 'n0', atMs: 5 }),
      '"n1" is the name of another node',
    ],
    [
      'a remover who is late',
      {
        ...small,
        faults: [
          { kind: 'late', node: 'n9', via: 'n0', atMs: 5 },
          { kind: 'removal', node: 'n1', by: 'n9', atMs: 9 },
        ],
      },
      '/faults/1/by names "n9"',
    ],
    ['turns that take no time', withFault({ ...flap, periodMs: 0 }), '/faults/2/periodMs must be >= 1'],
    [
      'what happens in a century',
      { ...small, operations: [{ ...operation, atMs: 3e12 }] },
      '/operations/0/atMs must be <= 3600000',
    ],
    ['an end before its begin', withFault({ ...flap, periodMs: 5, untilMs: 0 }), '/faults/2/untilMs must be >= fromMs'],
    [
      'nothing that happens',
      { ...small, operations: [], faults: [] },
      '/operations and /faults are empty: nothing happens',
    ],
    ['what is none', { v: 2 }, 'this is no scenario of version 1'],
    ['what lacks most', { v: 1 }, ' must have required properties seed, app, nodes'],
  ])('is refused with its place, in one line: %s', (_, value, why) => {
    expect(() => read(value)).toThrow(why)
    expect(() => read(value)).toThrow(/^[^\n]*$/)
  })

  it('is refused with three places, and how many more there are', () => {
    const operations = Array.from({ length: 9 }, () => ({ ...operation, node: 'n7' }))
    expect(() => read({ ...small, operations })).toThrow(/; 6 more$/)
  })

  it('of a seed is read as it was written', () => {
    for (const era of [undefined, 'first', 'single'] as const) {
      for (let seed = 0; seed < 60; seed += 1) {
        const text = JSON.stringify(generate(31_000_000 + seed * 7919, undefined, era))
        expect(parseScenario(text)).toEqual(JSON.parse(text))
      }
    }
  })

  it('that shrinks can be read at every step', async () => {
    const late: Fault[] = [
      { kind: 'late', node: 'n9', via: 'n2', atMs: 5 },
      { kind: 'rotation', node: 'n9', atMs: 50 },
    ]
    const operations = [...small.operations, { atMs: 60, node: 'n9', method: 'hit', args: {} }]
    const tried: Scenario[] = []
    const shrunk = (needed: (candidate: Scenario) => boolean) =>
      shrink(
        { ...small, operations, faults: [...small.faults, ...late] },
        { fails: async (candidate) => tried.push(candidate) > 0 && needed(candidate), runsMax: 100 },
      )
    await shrunk(() => true)
    const { nodes } = await shrunk((candidate) => candidate.operations.some(({ node }) => node === 'n9'))
    // Whom n9 joins by is needed, too.
    expect(nodes).toEqual(['n0', 'n2'])
    for (const candidate of tried) expect(read(candidate)).toEqual(JSON.parse(JSON.stringify(candidate)))
  })

  it('of which all that was to spare is shrunk away is read', () => {
    expect(read({ ...small, writesMin: 0 }).writesMin).toBe(0)
  })
})
