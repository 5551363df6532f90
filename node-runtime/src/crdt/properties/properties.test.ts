// I1 type by type: whatever arrives in whatever order, several times, in parts or joined, the state bytes are the same.
// A slice by default; `npm run crdt-properties` runs 100,000 operations a type.
import { describe, expect, it } from 'vitest'
import { CRDT_TYPES } from '../registry.ts'
import { type PropertyOutcome, type PropertyRun, propertyRun } from './property-run.ts'
import { PROPERTY_TYPES } from './random-operations.ts'

const SLICE = 300
const REPLICAS = 5
const TIMEOUT_MS = 60 * 60 * 1000

const operations = Number(process.env.CALBOX_CRDT_OPERATIONS ?? SLICE)
const seed = Number(process.env.CALBOX_CRDT_SEED ?? 1)

describe(`replicas after ${operations} random operations (seed ${seed})`, () => {
  it('are tested with every type that there is', () => {
    expect([...PROPERTY_TYPES].sort()).toEqual(CRDT_TYPES.map((type) => type.name).sort())
  })

  it.each(PROPERTY_TYPES)(
    '%s: have the same state however the artifacts came together',
    async (type) => {
      const startedMs = performance.now()
      const { digests, artifacts, merges, records } = await outcomeOf({ type, seed, operations, replicas: REPLICAS })
      const [first] = Object.values(digests)
      expect(digests).toEqual(Object.fromEntries(Object.keys(digests).map((way) => [way, first])))
      expect(records).toBeGreaterThan(0)
      if (operations === SLICE) return
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      process.stdout.write(`${type}: ${artifacts} artifacts, ${merges} merges, ${records} records, ${seconds} s\n`)
    },
    TIMEOUT_MS,
  )
})

async function outcomeOf(run: PropertyRun): Promise<PropertyOutcome> {
  const steps = propertyRun(run)
  for (let n = 0; ; n += 1) {
    const step = steps.next()
    if (step.done) return step.value
    // The test runner is to hear from its worker in long runs.
    if (n % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
  }
}
