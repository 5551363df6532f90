// What is kept back, late or handed on again, one message at a time.
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { HELD_MESSAGES_MAX } from './limits.ts'
import { MessageFaults } from './message-faults.ts'

function subject() {
  const clock = new DrivenClock()
  const faults = new MessageFaults({ clock, log: silentLogger, name: 'ada', seed: 'node' })
  const passed: (number | undefined)[] = []
  /** Its listener fails at 1. */
  const come = (n: number) =>
    faults.onGossip('peer', Uint8Array.of(n), (_, [first]) => {
      if (first === 1) throw new Error('the listener fails')
      passed.push(first)
    })
  return { clock, faults, passed, come }
}

describe('a listener that fails', () => {
  it('of a held message does not keep those behind it', () => {
    const { faults, passed, come } = subject()
    faults.put('f', { action: 'hold' })
    for (const n of [0, 1, 2]) come(n)
    expect(faults.remove('f')).toBe(true)
    expect(passed).toEqual([0, 2])
  })

  it('of a late message ends nothing', () => {
    const { clock, faults, passed, come } = subject()
    faults.put('f', { action: 'reorder' })
    for (const n of [0, 1, 2]) come(n)
    while (clock.step());
    expect(passed).toEqual([0, 2])
  })
})

it('what is held or late at the end of the node comes no more', () => {
  const { clock, faults, passed, come } = subject()
  faults.put('late', { action: 'reorder', count: 1 })
  come(0)
  faults.put('held', { action: 'hold' })
  come(2)
  faults.close()
  while (clock.step());
  faults.remove('held')
  expect(passed).toEqual([])
})

it('a frame that nobody waits for any more leaves its room to others, and counts as held no longer', () => {
  const { faults } = subject()
  faults.put('f', { action: 'hold' })
  const frame = Uint8Array.of(0)
  for (let n = 0; n <= HELD_MESSAGES_MAX; n += 1) {
    const fate = faults.onFrame('peer', 'sync/8', frame)
    if (typeof fate === 'string') expect.fail(`the frame was not held: ${fate}`)
    fate.giveUp()
    fate.giveUp()
  }
  expect(faults.counts('f')).toMatchObject({ matched: HELD_MESSAGES_MAX + 1, held: 0, heldBytes: 0, dropped: 0 })
  faults.onFrame('peer', 'sync/8', frame)
  expect(faults.counts('f')).toMatchObject({ held: 1, heldBytes: frame.byteLength })
})
