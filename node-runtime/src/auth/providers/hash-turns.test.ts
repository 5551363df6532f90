// Who hashes next while somebody asks for more than there are turns.
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { HASHES_AT_ONCE, HASHES_KNOWN_WAITING_MAX, HASHES_WAITING_MAX } from '../limits.ts'
import { HashTurns } from './hash-turns.ts'

/** Turns that are all taken; who asks is written down when it has its own, or is refused. */
async function queue() {
  const turns = new HashTurns()
  const had: string[] = []
  const refused: string[] = []
  for (let taken = 0; taken < HASHES_AT_ONCE; taken += 1) await turns.begin({ isKnown: false, who: 'first' })
  return {
    refused,
    ask: (who: string, { isKnown = false, times = 1 } = {}) => {
      for (let index = 0; index < times; index += 1) {
        turns.begin({ isKnown, who }).then(
          () => had.push(who),
          ({ code }) => refused.push(`${who} ${code}`),
        )
      }
    },
    /** The next so many, in their order. */
    async next(count: number): Promise<string[]> {
      had.length = 0
      for (let index = 0; index < count; index += 1) {
        turns.end()
        // After all microtasks: who was called has said so.
        await setImmediate()
      }
      return [...had]
    },
  }
}

test('one address waits behind itself, and others take turns with it', async () => {
  const { ask, next } = await queue()
  ask('a', { times: 3 })
  ask('b', { times: 2 })
  ask('c')
  expect(await next(6)).toEqual(['a', 'b', 'c', 'a', 'b', 'a'])
})

test('who is known has every other turn, whatever waits', async () => {
  const { ask, next } = await queue()
  ask('a', { times: 4 })
  ask('ann', { isKnown: true, times: 2 })
  ask('ben', { isKnown: true })
  expect(await next(7)).toEqual(['ann', 'a', 'ben', 'a', 'ann', 'a', 'a'])
})

test('where no place is free, whoever has most of them gives one up; nobody does for one who has as many', async () => {
  const { ask, next, refused } = await queue()
  ask('a', { times: HASHES_WAITING_MAX - 2 })
  ask('b', { times: 2 })
  ask('c')
  await setImmediate()
  expect(refused).toEqual(['a AUTH_BUSY'])
  expect(await next(3)).toEqual(['a', 'b', 'c'])
})

test('places of who is known are apart, and bounded, too', async () => {
  const { ask, next, refused } = await queue()
  ask('a', { times: HASHES_WAITING_MAX })
  ask('ann', { isKnown: true, times: HASHES_KNOWN_WAITING_MAX + 1 })
  await setImmediate()
  expect(refused).toEqual(['ann AUTH_BUSY'])
  expect(await next(HASHES_WAITING_MAX + HASHES_KNOWN_WAITING_MAX)).toHaveLength(
    HASHES_WAITING_MAX + HASHES_KNOWN_WAITING_MAX,
  )
})

test('a turn that nobody waits for is free again', async () => {
  const { ask, next } = await queue()
  expect(await next(HASHES_AT_ONCE)).toEqual([])
  ask('a')
  await setImmediate()
  ask('b')
  expect(await next(1)).toEqual(['b'])
})
