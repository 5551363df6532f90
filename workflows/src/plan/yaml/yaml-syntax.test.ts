import { expect, test } from 'vitest'
import { readYaml } from './yaml-source.ts'

const head = 'name: t\nnodes:\n  count: 1\nsteps:\n'

test.each([
  ['a key deeper than the one above', 'nodes:\n  count: 1\n   prefix: n\n', [3, 4, 'indented deeper']],
  ['a key less deep than its step', `${head}  - type: wait\n   name: x\n`, [6, 4, 'fits no level']],
  ['a key between two levels', 'nodes:\n  count: 1\n count: 2\n', [3, 2, 'fits no level']],
  ['a tab', 'nodes:\n\tcount: 1\n', [2, 1, 'a tab']],
  [
    'an unclosed double quote',
    `${head}  - name: "open\n    seconds: 1\n  - type: "wait"\n`,
    [5, 11, 'the quote " opened here'],
  ],
  ['an unclosed quote up to the end', `${head}  - name: "open\n    seconds: 1\n`, [5, 11, 'the quote " opened here']],
  ['an unclosed single quote', `${head}  - name: 'open\n    type: 'wait'\n`, [5, 11, "the quote ' opened here"]],
  [
    'an unclosed bracket',
    `${head}  - nodes: [a, b\n    type: wait\n  - type: wait\n`,
    [5, 12, 'the bracket [ opened here'],
  ],
  ['an unclosed brace', 'nodes: { count: 1\nsteps: []\n', [1, 8, 'the bracket { opened here']],
  ['a bracket closed by another', 'args: {a: 1, b: [1, 2}\n', [1, 17, 'the bracket [ opened here']],
  ['a key without colon', `${head}  - type: wait\n    seconds 3\n    name: x\n`, [6, 5, 'followed by ":"']],
  ['two colons in a line', `${head}  - name: a: b\n`, [5, 11, 'a second ":"']],
  ['a dash without space', `${head}  -type: wait\n  - type: wait\n`, [5, 3, 'a space is missing after "-"']],
  ['a text after a quoted one', "name: 'it's me'\n", [1, 11, 'nothing was expected here']],
  ['a placeholder without quotes', 'args: {{ name }}\n', [1, 7, 'a placeholder must be in quotes']],
])('%s: one problem, at its true place', (_name, text, [line, column, message]) => {
  const problems = readYaml('f', text).problems.problems()
  expect(problems).toMatchObject([{ line, column, message: expect.stringContaining(String(message)) }])
})

test('mistakes inside of texts do not hide each other', () => {
  const places = readYaml('f', 'a: "\\q"\nb: @x\nc: "\\w"\n').problems.problems()
  expect(places.map(({ line }) => line)).toEqual([1, 2, 3])
})
