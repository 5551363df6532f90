import { expect, it } from 'vitest'
import { isCounted } from './hostile-calls.ts'

it('what adds to a count says something else under another name, among other writes, too', () => {
  const calls = [
    { method: 'poke', args: { id: 'v1' } },
    { method: 'batch', args: { writes: 'push v1\npoke v2' } },
    { method: 'batch', args: { writes: 'push v1\npush v2' } },
  ]
  expect(calls.map((call) => isCounted({ atMs: 0, node: 'n0', ...call }))).toEqual([true, true, false])
})
