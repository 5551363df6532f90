import { expect, test } from 'vitest'
import { COUNT_A_TURN, fewAtATime } from './few-at-a-time.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what comes at once is worked on in slices, in order, and nothing is left', async () => {
  const done: number[] = []
  const work = fewAtATime<number>((item) => done.push(item))
  const items = Array.from({ length: 3 * COUNT_A_TURN + 1 }, (_, index) => index)
  for (const item of items) work(item)
  expect(done).toEqual([])
  await turn()
  expect(done).toHaveLength(COUNT_A_TURN)
  await turn()
  expect(done).toHaveLength(2 * COUNT_A_TURN)
  while (done.length < items.length) await turn()
  expect(done).toEqual(items)
  work(-1)
  await turn()
  expect(done.at(-1)).toBe(-1)
})
