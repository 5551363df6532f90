import { expect, test } from 'vitest'
import { type NodeProcess, ProcessHolds } from './process-holds.ts'

const signal = new AbortController().signal

/** A process that only notes what it is asked; `over` replaces parts of it. */
function scene(over: Partial<NodeProcess> = {}) {
  const asked: string[] = []
  const state = { running: true, paused: false }
  const process: NodeProcess = {
    name: 'n-1',
    get running() {
      return state.running
    },
    get paused() {
      return state.paused
    },
    stop: async () => {
      asked.push('stop')
      state.running = false
      return 'exit code 0'
    },
    start: async () => {
      asked.push('start')
      state.running = true
    },
    pause: async () => void asked.push('pause'),
    resume: async () => void asked.push('resume'),
    ...over,
  }
  const broken: string[] = []
  const holds = new ProcessHolds(process)
  return { asked, state, broken, holds, hold: (how: 'stop' | 'pause') => holds.hold(how, (by) => broken.push(by)) }
}

test('a node that could not be started again is held, until it can be', async () => {
  let failures = 1
  const start = async () => {
    failures -= 1
    if (failures >= 0) throw new Error('the port is in use')
    state.running = true
  }
  const { state, hold } = scene({ start })
  const one = hold('stop')
  await one.begin({ signal })
  await expect(one.release({ signal })).rejects.toThrow('the port is in use')
  expect(one.isOn).toBe(true)
  await one.release({ signal })
  expect([one.isOn, state.running]).toEqual([false, true])
})

test.each(['stop', 'pause'] as const)('a %s that failed when it had come about is mended as any other', async (how) => {
  const { asked, state, hold } = scene({
    stop: async () => {
      state.running = false
      throw new Error('no answer')
    },
    pause: async () => {
      state.paused = true
      throw new Error('no answer')
    },
  })
  const one = hold(how)
  await expect(one.begin({ signal })).rejects.toThrow('no answer')
  await one.release({ signal })
  expect(asked).toEqual([how === 'stop' ? 'start' : 'resume'])
})

test('one change at a time, in order; who gives up while another one is made changes nothing', async () => {
  const stopped = Promise.withResolvers<void>()
  const { asked, state, holds, hold } = scene({
    stop: async () => {
      asked.push('stop')
      await stopped.promise
      state.running = false
      asked.push('stopped')
      return 'exit code 0'
    },
  })
  const one = hold('stop')
  const begun = one.begin({ signal })
  const impatient = new AbortController()
  const paused = holds.pause(undefined, { signal: impatient.signal })
  const started = holds.start({ signal, readyTimeoutMs: 1 })
  impatient.abort(new Error('enough'))
  await expect(paused).rejects.toThrow('enough')
  expect(asked).toEqual(['stop'])
  stopped.resolve()
  await Promise.all([begun, started])
  expect(asked).toEqual(['stop', 'stopped', 'start'])
})

test('a step that starts a node which runs is no end of a fault', async () => {
  const { broken, holds, hold } = scene()
  const one = hold('pause')
  await one.begin({ signal })
  await holds.start({ signal, readyTimeoutMs: 1 })
  expect([one.isOn, broken]).toEqual([true, []])
  await holds.resume({ signal })
  expect([one.isOn, broken]).toEqual([false, ['a step has resumed n-1']])
})
