import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'

const file = (step: string) => `{ name: t, nodes: { count: 1, prefix: n }, stop_all_nodes: true, steps: [${step}] }`

test('a file is installed by its absolute path, and its id and path are variables', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(
    file('{ type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { id: applicationId } }'),
    { network },
  )
  expect(network.node('n-1').applications.get('app-of-app.wasm')).toBe(`${run.cwd}/app.wasm`)
  expect(Object.fromEntries(run.variables)).toEqual({
    id: 'app-of-app.wasm',
    'app_id_n-1': 'app-of-app.wasm',
    'app_path_n-1': `${run.cwd}/app.wasm`,
  })
})

test('an application is installed from a url', async () => {
  const run = await runYaml(file('{ type: install_application, node: n-1, url: "https://example.org/x.wasm" }'))
  expect(run.variables.get('app_id_n-1')).toBe('app-of-x.wasm')
  expect(run.variables.has('app_path_n-1')).toBe(false)
})

test('a file that is not there fails the step', async () => {
  const run = await runYaml(file('{ type: install_application, node: n-1, path: missing.wasm, dev: true }'))
  expect(run.failure?.message).toContain('missing.wasm')
  expect(run.failure?.code).toBe('failed')
})

test('a refusal may be expected, with its text', async () => {
  const step = (more: string) => file(`{ type: install_application, node: n-1, path: app.wasm, dev: true${more} }`)
  const refusing = () => {
    const network = new FixtureNetwork()
    network.node('n-1').fail('POST', /install-dev/, { status: 400, body: { error: 'no such application' } })
    return { network }
  }
  expect((await runYaml(step(''), refusing())).failure?.message).toBe('Client error: HTTP 400: no such application')
  expect((await runYaml(step(', expected_failure: true, expected_error: no such'), refusing())).outcome).toBe('passed')
  const other = await runYaml(step(', expected_failure: true, expected_error: quota'), refusing())
  expect(other.failure?.code).toBe('not_as_expected')
  const success = await runYaml(step(', expected_failure: true'))
  expect(success.failure?.message).toMatch(/^the step was expected to fail, and succeeded:\n +the reply: /)
})

test('neither path nor url is an error of the file; a path without dev is a warning and then a failure', async () => {
  const plan = (step: string) => planWorkflow({ file: 'f', text: file(step), kinds: stepSchemas })
  expect(plan('{ type: install_application, node: n-1 }').problems).toMatchObject([{ severity: 'error' }])
  expect(plan('{ type: install_application, node: n-1, path: a }').problems).toMatchObject([{ severity: 'warning' }])
  const run = await runYaml(file('{ type: install_application, node: n-1, path: app.wasm, expected_failure: true }'))
  expect(run.outcome).toBe('passed')
})
