import { expect, it } from 'vitest'
import { progressOn } from './progress.ts'

it.each([
  [true, ['1 of 9\n', '3 of 9\n']],
  [false, []],
  [undefined, []],
])('whoever watches (%s) sees a line now and then', (isTTY, seen) => {
  const written: string[] = []
  let nowMs = 5000
  const watched = { ...(isTTY === undefined ? {} : { isTTY }), write: (text: string) => written.push(text) }
  const progress = progressOn(watched, () => nowMs)
  progress(() => '0 of 9')
  for (const [index, atMs] of [15_000, 24_999, 25_000, 34_000].entries()) {
    nowMs = atMs
    progress(() => `${index + 1} of 9`)
  }
  expect(written).toEqual(seen)
})
