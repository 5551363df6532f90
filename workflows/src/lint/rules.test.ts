import { expect, test } from 'vitest'
import { stepKinds } from '../steps/registry.ts'
import { ARRIVALS, GOVERNANCE_READS, GOVERNANCE_WRITES, NEUTRAL, NEVER_DONE, WALKED } from './order/effects.ts'
import { lintRules } from './registry.ts'
import { linted } from './sample-lint.ts'

test.each(lintRules.map((rule) => [rule.id, rule] as const))(
  '%s finds its bad example and not its good one',
  (id, rule) => {
    const of = (steps: string) => linted(steps).filter((line) => line.split(' ')[1] === id)
    expect(of(rule.bad)).not.toEqual([])
    expect(of(rule.good)).toEqual([])
  },
)

test('the good examples are free of findings, notes of unused captures excepted', () => {
  const found = lintRules.flatMap(({ id, good }) => linted(good).map((line) => `${id}: ${line}`))
  expect(found.filter((line) => !line.includes(' unused-capture the variable'))).toEqual([])
})

test('every rule has an id of its own, and says what it is about', () => {
  expect(new Set(lintRules.map(({ id }) => id)).size).toBe(lintRules.length)
  for (const { id, summary, why } of lintRules) {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/)
    expect(summary).toMatch(/\.$/)
    expect(why.length).toBeGreaterThan(80)
  }
})

test('what each step kind does to other nodes is said once', () => {
  const tables = [GOVERNANCE_WRITES, GOVERNANCE_READS, ARRIVALS].map((table) => new Set(Object.keys(table)))
  for (const { kind } of stepKinds) {
    const said = [...tables, NEUTRAL, NEVER_DONE, WALKED].filter((table) => table.has(kind)).length
    expect([kind, said]).toEqual([kind, 1])
  }
})
