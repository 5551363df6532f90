import { expect, test } from 'vitest'
import { seededRandom } from '../../control/seeded-random.ts'
import { FAULT_KINDS } from '../making/fault-kinds.ts'
import { type ChaosEntry, chaosSchedule } from './schedule.ts'

const NODES = ['a', 'b', 'c', 'd']

function first(count: number, seed: string): ChaosEntry[] {
  const options = { nodes: NODES, kinds: FAULT_KINDS, everyMs: 100, lastMs: 400, atOnce: 2 }
  const entries: ChaosEntry[] = []
  for (const entry of chaosSchedule(options, seededRandom(seed))) {
    entries.push(entry)
    if (entries.length === count) break
  }
  return entries
}

test('the same seed gives the same schedule, another one another', () => {
  expect(first(50, 'x')).toEqual(first(50, 'x'))
  expect(first(50, 'x')).not.toEqual(first(50, 'y'))
})

test('never more at once than may be, never two of a node, each kind in its turn', () => {
  const entries = first(500, 'z')
  expect(new Set(entries.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS))
  for (const [at, entry] of entries.entries()) {
    const beside = entries.slice(0, at).filter(({ endMs }) => endMs > entry.startMs)
    expect(beside.length).toBeLessThan(2)
    expect(beside.map(({ node }) => node)).not.toContain(entry.node)
    expect(entry.endMs).toBeGreaterThan(entry.startMs)
    expect(entry.startMs).toBeGreaterThanOrEqual(entries[at - 1]?.startMs ?? 0)
  }
})

test('time goes on between any two, however short they were asked for', () => {
  const options = { nodes: NODES, kinds: FAULT_KINDS, everyMs: 0.1, lastMs: 0.1, atOnce: 2 }
  let lastMs = 0
  let count = 0
  for (const { startMs, endMs } of chaosSchedule(options, seededRandom('s'))) {
    expect(startMs).toBeGreaterThan(lastMs)
    expect(endMs).toBeGreaterThan(startMs)
    lastMs = startMs
    count += 1
    if (count === 100) break
  }
})
