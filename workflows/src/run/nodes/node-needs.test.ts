import { expect, test } from 'vitest'
import type { NodeNeed } from '../../driver/driver.ts'
import { DriverError } from '../../driver/errors.ts'
import { planWorkflow } from '../../plan/plan.ts'
import { stepSchemas } from '../../steps/registry.ts'
import { RunRefusedError } from '../run-errors.ts'
import { refuseNeeds } from './node-needs.ts'

/** What a driver is asked for; one that cannot do any of `lacking` refuses the first of them that it meets. */
async function asked(text: string, lacking: readonly string[] = []): Promise<string[]> {
  const { plan, problems } = planWorkflow({ file: 't.yml', text, kinds: stepSchemas })
  if (plan === undefined) throw new Error(problems.map(({ message }) => message).join())
  const needs: string[] = []
  const refuseNeed = async ({ what, said }: NodeNeed) => {
    needs.push(`${what}: ${said}`)
    if (lacking.includes(said)) throw new DriverError('UNSUPPORTED', `${said}: not here`)
  }
  await refuseNeeds(plan, { refuseNeed })
  return needs
}

const text = (...steps: string[]) =>
  `name: t\nvars: { a: 1 }\ne2e_mode: true\nnodes: { a: {}, b: {} }\nsteps:\n${steps.join('\n')}\n`
const install = '  - { type: install_application, node: a, path: a.wasm, dev: true }'
const nested = '  - { type: repeat, count: 2, steps: [{ type: pause_container, container: a }] }'

test('what a file asks of the place of its nodes is asked for, at any depth, but for what a condition may leave out', async () => {
  const steps = [
    install,
    nested,
    '  - { type: fault, fault: kill, nodes: a }',
    '  - { type: fault, fault: delay, nodes: a, ms: 5 }',
    '  - { type: stop_node, nodes: a, kill: true }',
    '  - { type: stop_node, nodes: a }',
    '  - { type: chaos, context_id: c, for: 1s }',
    '  - { type: chaos, context_id: c, for: 1s, faults: [loss, kill] }',
    '  - { type: chaos, context_id: c, for: 1s, faults: [loss] }',
    "  - { type: fault, fault: pause, nodes: a, if: '{{a}} == 1' }",
  ]
  expect(await asked(text(...steps))).toEqual([
    'e2e: e2e_mode',
    'files: install_application with a file of this machine',
    'pause: pause_container',
    'kill: fault: kill',
    'faults: fault: delay',
    'kill: stop_node with kill',
    'pause: chaos with pause',
    'faults: chaos with partition',
    'faults: chaos with loss',
    'kill: chaos with kill',
    'faults: chaos with loss',
  ])
})

test('what cannot be done refuses the run, at the line that asks for it', async () => {
  const refused = asked(text(install, nested), ['pause_container'])
  await expect(refused).rejects.toBeInstanceOf(RunRefusedError)
  await expect(refused).rejects.toMatchObject({
    message: 'pause_container: not here',
    place: { file: 't.yml', line: 7 },
  })
})

test('faults that may be those of nodes that others have started are not asked for', async () => {
  const remote = "name: t\nremote_nodes: { r: { url: 'http://127.0.0.1:1' } }\nnodes: { a: {} }\nsteps:\n"
  expect(await asked(`${remote}  - { type: fault, fault: delay, nodes: r, ms: 5 }\n`)).toEqual([])
})
