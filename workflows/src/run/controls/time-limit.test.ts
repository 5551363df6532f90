import { expect, test } from 'vitest'
import { withTimeLimit, withTryLimit } from './time-limit.ts'

/** Its timers are acted on by the test only. */
function driven() {
  const timers = new Set<() => void>()
  const clock = {
    now: 0,
    nowMs: () => clock.now,
    sleep: () => Promise.reject(new Error('nothing sleeps here')),
    timer: (_: number, act: () => void) => {
      timers.add(act)
      return () => timers.delete(act)
    },
  }
  const scope = { clock, lastProgress: 'counting', nodeName: 'n-1' }
  return { clock, timers, scope, options: { signal: new AbortController().signal } }
}

test('what computes until its time is over has failed, although no timer had a turn', async () => {
  const { clock, timers, scope, options } = driven()
  const work = async () => {
    clock.now = 2001
    return 'done'
  }
  await expect(withTimeLimit(2, scope, options, work)).rejects.toMatchObject({
    code: 'timeout',
    message: 'the step took longer than the 2 s it was given; the last of it: counting',
  })
  expect(timers.size).toBe(0)
})

test('a try of eventually that holds a little late holds', async () => {
  const { clock, timers, scope, options } = driven()
  const work = async () => {
    clock.now = 2001
    for (const act of timers) act()
    return 'true'
  }
  expect(await withTryLimit(2000, scope, options, work)).toBe('true')
})

test('what ends in its time has passed, and what fails says why', async () => {
  const { clock, scope, options } = driven()
  const work = async () => {
    clock.now = 2000
    return 'done'
  }
  expect(await withTimeLimit(2, scope, options, work)).toBe('done')
  await expect(withTimeLimit(2, scope, options, () => Promise.reject(new Error('its own')))).rejects.toThrow('its own')
})

test('an interruption stays one, also where the time is over meanwhile', async () => {
  const { timers, scope } = driven()
  const outer = new AbortController()
  const work = ({ signal }: { signal: AbortSignal }) => {
    outer.abort(new Error('interrupted'))
    for (const act of timers) act()
    return Promise.reject(signal.reason)
  }
  await expect(withTimeLimit(2, scope, { signal: outer.signal }, work)).rejects.toThrow('interrupted')
})
