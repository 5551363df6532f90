// What docs/control-flow.md shows can be planned as it stands there.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stepSchemas } from '../steps/registry.ts'
import { planWorkflow } from './plan.ts'

const PAGE = new URL('../../../docs/control-flow.md', import.meta.url)
const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block)

function planned(block: string) {
  const steps = block.replaceAll(/^/gm, '  ')
  const known = 'vars: { context_id: c, namespace_id: n }'
  const around = `name: w\n${known}\nnodes: { count: 3, prefix: demo }\nsteps:\n${steps}`
  const text = block.startsWith('- ') ? around : `${block}steps: [{ type: wait, seconds: 1 }]\n`
  return planWorkflow({ file: 'control-flow.md', text, kinds: stepSchemas, environment: {} })
}

test('the page has examples', () => {
  expect(blocks.length).toBeGreaterThan(8)
})

test.each(blocks)('%s', (block) => {
  const { problems, plans } = planned(block)
  expect(problems.map(({ message }) => message)).toEqual([])
  expect(plans.length).toBeGreaterThan(0)
})
