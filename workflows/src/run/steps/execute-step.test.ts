// Which failures are the expected ones.
import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'

test.each([
  ['HTTP 403: no member of it', 'passed'],
  ['Client error: Access denied', 'passed'],
  ['your token may not have sufficient permissions', 'passed'],
  ['HTTP 404', 'failed'],
])('a 403 without tokens is expected by its reason or by the sentence of merobox: %s', async (expected, outcome) => {
  const network = new FixtureNetwork()
  network.node('n-1').fail('POST', /contexts\/nope\/join/, { status: 403, body: { error: 'no member of it' } })
  const step = `join_context, node: n-1, context_id: nope, expected_failure: true, expected_error: '${expected}'`
  const run = await runYaml(withContext(`  - { type: ${step} }`), { network })
  expect(run.outcome).toBe(outcome)
  const said = JSON.stringify([run.events, run.failure])
  expect([said.includes('HTTP 403: no member of it'), said.includes('Access denied —')]).toEqual([true, false])
})
