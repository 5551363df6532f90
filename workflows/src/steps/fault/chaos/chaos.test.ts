import { expect, test } from 'vitest'
import { planWorkflow } from '../../../plan/plan.ts'
import { FixtureDriver } from '../../../testing/fixture-driver.ts'
import { faultsOn } from '../../../testing/fixture-faults.ts'
import { FixtureNetwork } from '../../../testing/fixture-network.ts'
import { notesOf, runYaml, withContext, type YamlRunOptions } from '../../../testing/run-yaml.ts'
import { stepSchemas } from '../../registry.ts'

const WRITE = "{ type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: b } }"
const chaos = (steps: string, more = '') =>
  withContext(`
  - type: chaos
    context_id: '{{context_id}}'
    nodes: [n-2]
    faults: [loss, hold, pause]
    every: 500ms
    lasts: 400ms
    outputs: { faults: faults, missed: missed, seed: seed }
    steps: [${steps}]
    ${more}`)

test.each(['0s', '0ms', '0.0m'])('no time at all (%s) is refused before anything starts', (none) => {
  const text = chaos(WRITE).replace('every: 500ms', `every: ${none}`)
  expect(planWorkflow({ file: 'f', text, kinds: stepSchemas }).problems.length).toBeGreaterThan(0)
  expect(planWorkflow({ file: 'f', text: chaos(WRITE), kinds: stepSchemas }).problems).toEqual([])
})

test('never more are on than may be, however long their ends take', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  let most = 0
  const text = chaos(WRITE, 'for: 1s').replace('nodes: [n-2]', 'nodes: [n-1, n-2]\n    at_once: 1')
  const { failure } = await runYaml(text.replace('every: 500ms', 'every: 1ms').replace('hold, pause', 'drop'), {
    driver,
    seed: 's',
    onEvent: () => {
      const on = [...driver.network.nodes.values()].reduce((sum, node) => sum + faultsOn(node).size, 0)
      most = Math.max(most, on)
    },
  })
  expect(failure?.message).toBeUndefined()
  expect(most).toBe(1)
})

/** On nodes that have a fault port; also what is on at the end. */
async function run(text: string, options: YamlRunOptions = {}) {
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  const seen = await runYaml(text, { driver, ...options })
  const left = [...driver.network.nodes.values()].flatMap((node) => [...faultsOn(node).keys()])
  return { ...seen, left }
}

test('what happened is told with the writes it hit, by a seed that repeats it; at the end all is healed', async () => {
  const first = await run(chaos(WRITE, 'for: 5s'), { seed: 's' })
  expect(first.failure?.message).toBeUndefined()
  expect(notesOf(first).join()).toContain('--seed s for the same schedule')
  const faults = first.variables.get('faults') as { fault: string; writes: number }[]
  expect(faults.length).toBeGreaterThan(3)
  expect(faults.reduce((sum, { writes }) => sum + writes, 0)).toBeGreaterThan(0)
  expect(first.left).toEqual([])
  const ended = first.events.flatMap((event) => (event.type === 'step:end' && event.step.kind === 'chaos' ? event : []))
  const summary = ended[0]?.summary ?? ''
  expect(summary).toMatch(/^seed s: (\d+) of (\d+) faults hit writes \([a-z_×\d, ]+\); 2 nodes agree after [^;]+$/)
  const kinds = summary.split(/[()]/)[1]?.split(', ') ?? []
  expect(kinds.map((each) => Number(each.split(' × ').at(-2) ?? 1)).reduce((a, b) => a + b)).toBe(faults.length)
  const again = await run(chaos(WRITE, 'for: 5s'), { seed: 's' })
  const kindsOf = (value: unknown) => (value as typeof faults).slice(0, 3).map(({ fault }) => fault)
  expect(kindsOf(again.variables.get('faults'))).toEqual(kindsOf(faults))
})

test('where nothing was written it has shown nothing, and fails', async () => {
  const { failure } = await run(chaos('{ type: wait, seconds: 3 }'))
  expect(failure).toMatchObject({ code: 'assertion', message: expect.stringContaining('no fault hit a write') })
})

test('a step that fails ends it, and everything is healed before it does', async () => {
  const { failure, left } = await run(chaos(`{ type: wait, seconds: 2 }, { type: assert, statements: ['1 == 2'] }`))
  expect(failure?.message).toContain('1 == 2')
  expect(left).toEqual([])
})

test('a fault that cannot be made ends it', async () => {
  const { failure } = await runYaml(chaos('{ type: wait, seconds: 60 }').replace('hold, pause', 'drop'))
  expect(failure).toMatchObject({ code: 'unsupported', node: 'n-2' })
})

test('who interrupts a chaos does not wait for a fault that cannot come about', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  const interrupt = new AbortController()
  driver.network.node('n-2').faults.push({ method: 'POST', path: /test-api/, answer: 'hang', times: 1 })
  driver.network.node('n-2').onHang = () => interrupt.abort(new Error('enough'))
  const text = chaos('{ type: wait, seconds: 60 }').replace('hold, pause', 'drop')
  const { outcome } = await runYaml(text, { driver, signal: interrupt.signal })
  expect(outcome).toBe('interrupted')
})
