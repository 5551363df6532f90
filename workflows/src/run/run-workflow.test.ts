import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runYaml, withContext } from '../testing/run-yaml.ts'

test('smoke', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'cb-'))
  writeFileSync(path.join(cwd, 'app.wasm'), 'x')
  const run = await runYaml(
    withContext(`
  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: 1 } }
  - { type: wait_for_sync, context_id: '{{context_id}}', nodes: [n-1, n-2], outputs: { h: root_hash } }
  - { type: call, node: n-2, context_id: '{{context_id}}', method: get, args: { key: a }, outputs: { v: result.output } }
  - { type: assert, statements: ['{{v}} == 1'] }
`),
    { cwd },
  )
  expect(run.outcome).toBe('passed')
})
