import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

test('lines around a change are shown, those far from one are not', () => {
  const before = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].join('\n')
  const after = ['1', '2', '3', '4', 'five', '6', '7', '8', '9', '10'].join('\n')
  expect(unifiedDiff('f.yml', before, after).split('\n')).toEqual([
    '--- f.yml',
    '+++ f.yml',
    '@@ -2,8 +2,9 @@',
    ' 2',
    ' 3',
    ' 4',
    '-5',
    '+five',
    ' 6',
    ' 7',
    ' 8',
    ' 9',
    '+10',
  ])
  expect(unifiedDiff('f.yml', before, before)).toBe('')
})

test('what is shown leads from the one text to the other', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
  fc.assert(
    fc.property(lines, lines, (one, other) => {
      const before = ['start', ...one].join('\n')
      const after = ['start', ...other].join('\n')
      expect(applied(before, unifiedDiff('f', before, after))).toBe(after)
    }),
  )
})

function applied(text: string, difference: string): string {
  const old = text.split('\n')
  const result: string[] = []
  let at = 0
  for (const line of difference.split('\n').slice(2)) {
    const [, start] = /^@@ -(\d+)/.exec(line) ?? []
    if (start !== undefined) {
      while (at < Number(start) - 1) result.push(old[at++] ?? '')
      continue
    }
    if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(old[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      at += 1
    }
  }
  return [...result, ...old.slice(at)].join('\n')
}
