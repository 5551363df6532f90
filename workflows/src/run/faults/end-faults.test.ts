import { expect, test } from 'vitest'
import { FakeStepClock } from '../../testing/run-yaml.ts'
import { endFaults } from './end-faults.ts'
import { faultWithNodes } from './fault-with-nodes.ts'
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

test('nodes that the name of a fault says are said once', async () => {
  const { signal } = new AbortController()
  const faults = new ActiveFaults(() => undefined)
  const rest = { clock: new FakeStepClock(), begin: async () => undefined, end: async () => undefined }
  const what = 'disk_full of md-3'
  await faults.begin({ name: what, what, nodes: ['md-3'], ...rest }, { signal })
  const { left } = await endFaults({ faults, handOverFaults: async () => undefined }, { signal, timed: false })
  expect(left).toEqual([what])
  expect(faultWithNodes('loss of md-1, md-10', ['md-1', 'md-10'])).toBe('loss of md-1, md-10')
  expect(faultWithNodes('full of md-10', ['md-1'])).toBe('full of md-10 (md-1)')
  faults.close()
})
