import { expect, test } from 'vitest'
import { stepSchemas } from '../../steps/registry.ts'
import { planWorkflow } from '../plan.ts'

function problems(step: string): string[] {
  const text = `name: w\nnodes: { count: 2, prefix: n }\nsteps:\n  - ${step}\n`
  return planWorkflow({ file: 'w.yml', text, kinds: stepSchemas }).problems.map(
    ({ severity, message, path, hint }) => `${severity} ${path}: ${message}, ${hint}`,
  )
}

test('containers are nodes, and so are the entries of a list of maps', () => {
  const unknown = 'steps[0].container: unknown node "n-6", did you mean "n-1"?'
  for (const kind of ['pause_container', 'unpause_container', 'restart_container']) {
    expect(problems(`{ type: ${kind}, container: n-6 }`)).toEqual([`warning ${unknown}`])
    expect(problems(`{ type: ${kind}, container: n-2 }`)).toEqual([])
  }
  const loss = (name: string) =>
    `{ type: inject_network_fault, container: ${name}, fault: loss, percent: 5, duration: 1 }`
  expect(problems(loss('n-6'))).toContain(`warning ${unknown}`)
  const fuzzy = (name: string) =>
    `{ type: fuzzy_test, duration_minutes: 1, context_id: c, nodes: [{ name: n-1 }, { name: ${name} }], operations: [{ name: o, steps: [{ type: wait, seconds: 1 }] }] }`
  expect(problems(fuzzy('n-2'))).toEqual([])
  expect(problems(fuzzy('n-6'))).toEqual(['error steps[0].nodes[1].name: unknown node "n-6", did you mean "n-1"?'])
})
