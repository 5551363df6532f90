import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runYaml } from '../testing/run-yaml.ts'
import type { RunEvent } from './events.ts'

const file = (statement: string) =>
  `{ name: x, stop_all_nodes: true, nodes: { count: 1, prefix: n }, steps: [{ type: assert, statements: ['${statement}'] }] }`

function interruptedAtItsEnd() {
  const abort = new AbortController()
  const onEvent = (event: RunEvent) => event.type === 'phase' && event.phase === 'teardown' && abort.abort()
  return { signal: abort.signal, onEvent }
}

test('an interruption while a failed run is ended does not hide why it failed', async () => {
  const run = await runYaml(file('1 == 2'), interruptedAtItsEnd())
  expect([run.outcome, run.exitCode, run.failure?.code]).toEqual(['failed', 1, 'assertion'])
  const written = JSON.parse(readFileSync(path.join(run.runDir, 'run.json'), 'utf8'))
  expect(written).toMatchObject({ outcome: 'failed', exitCode: 1, failure: { code: 'assertion' } })
})

test('one that had not failed by then is interrupted', async () => {
  const run = await runYaml(file('1 == 1'), interruptedAtItsEnd())
  expect([run.outcome, run.exitCode, run.failure]).toEqual(['interrupted', 130, undefined])
})
