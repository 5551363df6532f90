import { expect, test } from 'vitest'
import { systemRandom } from '../../base/random.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { RULES_MAX } from './limits.ts'
import { NodeFaults } from './node-faults.ts'

const node = (name: string) => new NodeFaults({ clock: new DrivenClock(), random: systemRandom, name })

function drawn({ links }: NodeFaults): number[] {
  return Array.from({ length: 8 }, () => links.random.float())
}

test('a fault with a seed begins the chance of its node anew, so that the same packets fare the same', () => {
  const [ada, again, bob] = [node('ada'), node('ada'), node('bob')]
  drawn(ada)
  for (const each of [ada, again, bob]) each.put({ link: { direction: 'out', lossPercent: 50, seed: 's' } })
  const first = drawn(ada)
  expect(drawn(again)).toEqual(first)
  expect(drawn(bob)).not.toEqual(first)
})

test('one more than a node takes is refused, and one that is there is replaced', () => {
  const faults = node('ada')
  for (let count = 0; count < RULES_MAX; count += 1) faults.put({ clockOffsetMs: 1 }, `${count}`)
  expect(() => faults.put({ clockOffsetMs: 1 })).toThrow(`there are ${RULES_MAX} faults already`)
  faults.put({ clockOffsetMs: 5 }, '0')
  expect(faults.clock.offsetMs).toBe(RULES_MAX - 1 + 5)
})
