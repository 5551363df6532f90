import { describe, expect, it } from 'vitest'
import { generate } from './generate.ts'
import { writesIn } from './operations.ts'
import { FAULT_KINDS, type Mark, type Scenario } from './scenario.ts'

const SEEDS = 1500
const scenarios = Array.from({ length: SEEDS }, (_, seed) => generate(seed))
const kindsOf = (index: number) => new Set(scenarios[index]?.faults.map(({ kind }) => kind))

describe('the scenario of a seed', () => {
  it('is the same every time', () => {
    expect(generate(7)).toEqual(scenarios[7])
    expect(generate(7)).not.toEqual(scenarios[8])
  })

  it('has at least 5 nodes, 3 kinds of fault, and the operations of its kind of application', () => {
    for (const [index, { app, nodes, operations }] of scenarios.entries()) {
      expect(nodes.length).toBeGreaterThanOrEqual(5)
      expect(kindsOf(index).size).toBeGreaterThanOrEqual(3)
      expect(operations.flatMap(writesIn).length).toBeGreaterThanOrEqual(app === 'order-sensitive' ? 30 : 200)
    }
  })

  it('has an application with its own storage in about a tenth of the seeds, or as asked', () => {
    const guests = scenarios.filter(({ app }) => app === 'order-sensitive').length
    expect(guests / SEEDS).toBeGreaterThan(0.07)
    expect(guests / SEEDS).toBeLessThan(0.13)
    expect([generate(1, 'guest').app, generate(1, 'host').app]).toEqual(['order-sensitive', 'mixed'])
  })

  it('says what a rarity has added, and has each of them in some seeds', () => {
    const marked = scenarios.flatMap(({ marks = [] }) => marks)
    const rare = [
      'even sides',
      'unheard',
      'new key',
      'clock behind',
      'waiting crash',
      'handler crash',
      'late pins',
      'early cut',
    ] as const
    for (const mark of rare) expect(marked.filter((one) => one === mark).length / SEEDS, mark).toBeGreaterThan(0.03)
    expect(marked.filter((one) => one === 'redone').length / SEEDS, 'redone').toBeGreaterThan(0.06)
    expect(marked).toContain('false base')
    const few = ['shown under a new key', 'asked in vain', 'key unheard of', 'no key fits', 'every word'] as const
    for (const mark of [
      ...few,
      'certified twice',
      'called behind',
      'prying',
      'spoiling',
      'slices',
      'rewriting crash',
      'parted',
      'parted and grown',
      'accepted behind',
    ] as const)
      expect(marked.filter((one) => one === mark).length / SEEDS, mark).toBeGreaterThan(0.005)
    for (const mark of ['overtaken', 'stands again', 'guest upgrade'] as const)
      expect(marked.filter((one) => one === mark).length / SEEDS, mark).toBeGreaterThan(0.012)
    const contradicted = marked.filter((one) => one === 'contradicted')
    expect(contradicted.length / SEEDS).toBeGreaterThan(0.04)
    const out = marked.filter((one) => one === 'both out' || one === 'out with a fellow')
    expect(out.length / SEEDS).toBeGreaterThan(0.04)
  })

  it('has nothing behind an ending that could tell what it kept from somebody', () => {
    for (const { operations, marks = [] } of scenarios) {
      if (!marks.includes('unheard')) continue
      const [last, before] = [operations.at(-1), operations.at(-2)]
      expect((last?.atMs ?? 0) - (before?.atMs ?? 0)).toBeGreaterThan(10_000)
    }
  })

  it('prunes as what comes about by checkpoints asked for, whatever comes behind it', () => {
    const own = new Map<Mark, Scenario['retention']>([
      ['deaf', { checkpointMin: 20, absentMs: 6500 }],
      ['alone', { checkpointMin: 20, absentMs: 6500 }],
      ['overtaken', { checkpointMin: 20, absentMs: 6500 }],
      ['overtaken pair', { checkpointMin: 20, absentMs: 6500 }],
      ['steady', { checkpointMin: 20, absentMs: 20_000 }],
      ['stands again', { checkpointMin: 12, absentMs: 6500, recentMax: 24 }],
      ['contradicted', { checkpointMin: 40, absentMs: 8000 }],
      ['certified twice', { checkpointMin: 40, absentMs: 8000 }],
      ['parted', { checkpointMin: 12, absentMs: 6500 }],
      ['accepted behind', { checkpointMin: 12, absentMs: 900_000 }],
    ])
    for (const { marks = [], retention = {} } of scenarios)
      for (const mark of marks) expect(retention, mark).toMatchObject(own.get(mark) ?? {})
  })

  it('puts every pair of fault kinds into one run in more than a twentieth of the seeds', () => {
    const rare: string[] = []
    for (const [index, a] of FAULT_KINDS.entries()) {
      for (const b of FAULT_KINDS.slice(index + 1)) {
        const both = scenarios.filter((_, at) => kindsOf(at).has(a) && kindsOf(at).has(b)).length
        // Not all of them do something: of runs as many are wanted.
        if (both / SEEDS < 0.09) rare.push(`${a} + ${b}: ${both}`)
      }
    }
    expect(rare).toEqual([])
  })
})
