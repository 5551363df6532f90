import { expect, test } from 'vitest'
import { DriverError } from '../driver/errors.ts'
import { planWorkflow } from '../plan/plan.ts'
import { stepSchemas } from '../steps/registry.ts'
import { portPlace } from './port-place.ts'

test('addresses that nobody reaches are shown where the file adds them', () => {
  const text = ['name: t', 'nodes: { count: 1, prefix: n }', 'bootstrap_nodes: [/ip4/127.0.0.1/tcp/1]', 'steps: []']
  const { plan } = planWorkflow({ file: 'f.yml', text: text.join('\n'), kinds: stepSchemas })
  expect(plan && portPlace(new DriverError('MESH_TIMEOUT', 'not meshed'), plan)?.line).toBe(3)
})

test('a port that somebody has is shown where the file asks for it', () => {
  const text = [
    'name: t',
    'nodes:',
    '  count: 2',
    '  prefix: n',
    '  base_port: 3000',
    '  base_rpc_port: 4000',
    '  own:',
    '    rpc_port: 5000',
    'steps: [{ type: wait, seconds: 1 }]',
  ].join('\n')
  const { plan } = planWorkflow({ file: 'f.yml', text, kinds: stepSchemas })
  const lineOf = (port: number) =>
    plan && portPlace(new DriverError('PORT_BUSY', 'taken', { data: { port } }), plan)?.line
  expect([3000, 3001, 4001, 5000, 9].map(lineOf)).toEqual([5, 5, 6, 8, undefined])
  expect(plan && portPlace(new Error('x'), plan)).toBeUndefined()
})
