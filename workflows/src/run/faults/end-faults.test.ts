import { expect, test } from 'vitest'
import { FakeStepClock } from '../../testing/run-yaml.ts'
import { endFaults } from './end-faults.ts'
import { ActiveFaults } from './run-faults.ts'

test('a fault that cannot be ended keeps none from being handed over, and is told with its nodes', async () => {
  const { signal } = new AbortController()
  const faults = new ActiveFaults(() => undefined)
  const rest = { clock: new FakeStepClock(), begin: async () => undefined, endsWithRun: true }
  const end = () => Promise.reject(new Error('No such image'))
  await faults.begin({ name: 'cut', what: 'cut', nodes: ['t-1', 't-2'], ...rest, end }, { signal })
  const nodes = { faults, handOverFaults: () => Promise.reject(new Error('cut of t-1')) }
  const { errors, left } = await endFaults(nodes, { signal, timed: true })
  expect(errors.map(String)).toEqual([expect.stringContaining('cut is still on (No such image)'), 'Error: cut of t-1'])
  expect(left).toEqual(['cut (t-1, t-2)'])
  faults.close()
})
