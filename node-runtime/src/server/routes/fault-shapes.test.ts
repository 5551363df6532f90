import { expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import { NodeFaults } from '../../network/faults/node-faults.ts'
import { bodyOf, faultOf } from './fault-body.ts'
import { readFaults } from './fault-shapes.ts'

const FAULTS = [
  { id: 'cut', blocked: true, direction: 'out', peers: ['p'] },
  { id: 'late', message: { action: 'hold', kinds: ['delta'], from: ['p'], count: 1 } },
  { id: 'full', disk: 'full' },
  { id: 'wrong', clockOffsetMs: -500 },
]

it('faults that a node starts with are those that its port shows', () => {
  const faults = new NodeFaults({ clock: systemClock, random: systemRandom, seed: 's' })
  for (const body of readFaults(JSON.stringify(FAULTS))) faults.put(faultOf(body), body.id)
  expect(faults.list().map(({ id, fault }) => ({ id, ...bodyOf(fault) }))).toEqual(FAULTS)
  expect(faults.clock.offsetMs).toBe(-500)
  expect(faults.refuseWrite()).toMatchObject({ code: 'ENOSPC' })
  expect(faults.list().find(({ id }) => id === 'full')).toMatchObject({ refusedWrites: 1 })
  faults.clear()
  expect([faults.list(), faults.clock.offsetMs, faults.refuseWrite()]).toEqual([[], 0, undefined])
})

it('what is no fault, or two at once, is refused by name', () => {
  expect(() => readFaults('[{')).toThrow('JSON list')
  expect(() => readFaults('[{"disk":"half"}]')).toThrow('faults/0')
  expect(() => readFaults('{}')).toThrow('faults')
  for (const body of readFaults('[{"disk":"full","blocked":true}]')) expect(() => faultOf(body)).toThrow(': one')
})

it('of one id the later replaces the earlier, of whatever kind', () => {
  const faults = new NodeFaults({ clock: systemClock, random: systemRandom })
  for (const body of readFaults('[{"id":"x","disk":"full"},{"id":"x","delayMs":5}]')) faults.put(faultOf(body), body.id)
  expect(faults.list().map(({ fault }) => bodyOf(fault))).toEqual([{ delayMs: 5, direction: 'both' }])
  expect(faults.refuseWrite()).toBeUndefined()
})
