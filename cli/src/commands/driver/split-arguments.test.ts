import { expect, test } from 'vitest'
import { splitArguments } from './split-arguments.ts'

test('arguments are parted at blanks outside of quotes', () => {
  expect(splitArguments(' --mock-tee  --a="b c" \'d "e\' f\\ g "" ')).toEqual([
    '--mock-tee',
    '--a=b c',
    'd "e',
    'f g',
    '',
  ])
  expect(splitArguments('')).toEqual([])
  expect(splitArguments('"open')).toBeUndefined()
})
