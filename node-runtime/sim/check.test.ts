import { expect, it } from 'vitest'
import { checkEnd } from './check.ts'
import { simulate } from './run/simulation.ts'
import { generate } from './scenario/generate.ts'

it('a view that does not answer is a violation', { timeout: 240_000 }, async () => {
  const operations = [{ atMs: 100, node: 'n0', method: 'hit', args: {} }]
  const end = await simulate({ ...generate(1, 'host'), app: 'mixed', nodes: ['n0', 'n1'], operations, faults: [] })
  // Its views are others.
  const { violations } = await checkEnd({ ...end, scenario: { ...end.scenario, app: 'collections' } })
  await end.world.close()
  expect(violations).toMatchObject([
    { checker: 'effects', message: expect.stringContaining('is not shown at the end') },
  ])
})
