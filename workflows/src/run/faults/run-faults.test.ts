import { expect, test } from 'vitest'
import type { FaultRequest } from '../../steps/fault/making/fault-port.ts'
import { FakeStepClock } from '../../testing/run-yaml.ts'
import { ActiveFaults } from './run-faults.ts'

const signal = new AbortController().signal

/** A fault of one node that only notes whether it is on; `over` replaces parts of it. */
function scene(over: Partial<FaultRequest> = {}) {
  const clock = new FakeStepClock()
  const notes: string[] = []
  const faults = new ActiveFaults((message) => notes.push(message))
  const state = { isOn: false, begun: 0 }
  const fault: FaultRequest = {
    name: 'F',
    what: 'disk_full of n-1',
    nodes: ['n-1'],
    clock,
    begin: async () => {
      state.isOn = true
      state.begun += 1
    },
    end: async () => {
      state.isOn = false
    },
    ...over,
  }
  return { clock, notes, faults, state, fault }
}

test('a fault ends in its time though its node does not tell what it did', async () => {
  const { clock, faults, state, fault } = scene({ forMs: 100, counts: () => Promise.reject(new Error('no answer')) })
  await faults.begin(fault, { signal })
  await clock.sleep(100, signal)
  expect(state.isOn).toBe(false)
  expect(await faults.end('F', { signal })).toMatchObject({ lastedMs: 100, counts: undefined })
})

test('a fault that could not be ended in its time is said once and tried again until it can be', async () => {
  let failures = 3
  const { clock, notes, faults, state, fault } = scene({ forMs: 100 })
  const end = async () => {
    failures -= 1
    if (failures >= 0) throw new Error('no answer')
    state.isOn = false
  }
  await faults.begin({ ...fault, end }, { signal })
  await clock.sleep(60_000, signal)
  expect(state.isOn).toBe(false)
  expect(notes).toEqual(['the fault F could not be ended: no answer; it is tried again until the run ends'])
  expect(faults.active()).toEqual([])
  await faults.finish({ signal, timed: false })
})

test('a run whose fault is on after its time fails at its end', async () => {
  const { clock, faults, fault } = scene({ forMs: 100, end: () => Promise.reject(new Error('no answer')) })
  await faults.begin(fault, { signal })
  await clock.sleep(200, signal)
  await expect(faults.finish({ signal, timed: false })).rejects.toThrow('F is still on')
})

test('at the end of a run that keeps its nodes what ends by itself ends at once, and the rest stays', async () => {
  const { faults, state, fault } = scene({ forMs: 60_000 })
  const { state: other, fault: untilHealed } = scene({ name: 'G' })
  const { state: still, fault: paused } = scene({ name: 'H', endsWithRun: true })
  await faults.begin(fault, { signal })
  await faults.begin(untilHealed, { signal })
  await faults.begin(paused, { signal })
  await faults.finish({ signal, timed: true })
  expect([state.isOn, other.isOn, still.isOn]).toEqual([false, true, false])
  expect(faults.active().map(({ name }) => name)).toEqual(['G'])
})

test('a fault that is healed while it begins is off when both are done', async () => {
  const answered = Promise.withResolvers<void>()
  const { faults, state, fault } = scene()
  const begin = async () => {
    await answered.promise
    state.isOn = true
  }
  const begun = faults.begin({ ...fault, begin }, { signal })
  const ended = faults.end('F', { signal })
  answered.resolve()
  await begun
  expect(await ended).toMatchObject({ name: 'F' })
  expect(state.isOn).toBe(false)
  expect(faults.active()).toEqual([])
})

test('who heals a fault that is still beginning does not wait longer than it may', async () => {
  const { faults, fault } = scene({ begin: () => new Promise<void>(() => undefined) })
  void faults.begin(fault, { signal })
  const impatient = new AbortController()
  const ended = faults.end('F', { signal: impatient.signal })
  impatient.abort(new Error('enough'))
  await expect(ended).rejects.toThrow('enough')
})

test('what came about of a fault that failed to begin is taken back, or tried again', async () => {
  const { faults, clock, notes, state, fault } = scene()
  const refused = async () => {
    state.isOn = true
    throw new Error('refused')
  }
  await expect(faults.begin({ ...fault, begin: refused }, { signal })).rejects.toThrow('refused')
  expect([state.isOn, faults.active()]).toEqual([false, []])
  let failures = 1
  const end = async () => {
    failures -= 1
    if (failures >= 0) throw new Error('no answer')
    state.isOn = false
  }
  await expect(faults.begin({ ...fault, begin: refused, end }, { signal })).rejects.toThrow('refused')
  expect([state.isOn, faults.active().length, notes.length]).toEqual([true, 1, 1])
  await clock.sleep(60_000, signal)
  expect([state.isOn, faults.active()]).toEqual([false, []])
})

test('a write meets the faults of its context that are on meanwhile, and a momentary one only while it is made', async () => {
  const { faults, fault } = scene({ contextId: 'C' })
  const begun = Promise.withResolvers<void>()
  const write = (contextId = 'C') => faults.beginWrite(contextId)(true)
  const slow = faults.begin({ ...fault, name: 'slow', begin: () => begun.promise }, { signal })
  const restart = faults.begin({ ...fault, name: 'restart', isMomentary: true, begin: () => begun.promise }, { signal })
  write()
  const early = faults.beginWrite('C')
  begun.resolve()
  await Promise.all([slow, restart])
  early(true)
  write()
  write('D')
  faults.beginWrite('C')(false)
  expect(await faults.end('slow', { signal })).toMatchObject({ writes: 2 })
  expect(await faults.end('restart', { signal })).toMatchObject({ writes: 2 })
})
