// The part of the page that a suite writes: what failed says why, and what nobody has explained is loud.
import { expect, test } from 'vitest'
import { countsOf, isUnexplained, partOf, type Row, withPart } from './page.ts'

const rows: readonly Row[] = [
  { file: 'a.test.ts', test: 'one', result: 'passed' },
  { file: 'a.test.ts', test: 'a | b', result: 'failed', why: `context ${'ab'.repeat(32)} <b>` },
  { file: 'b.test.ts', test: 'two', result: 'failed', why: 'this node does not have … (TEE)' },
  { file: 'b.test.ts', test: 'three', result: 'skipped' },
]

test('every test that did not pass is a row with its reason', () => {
  expect(countsOf({ rows, notes: [] })).toBe('4 tests: 1 passed, 2 failed, 1 skipped by the suite')
  const part = partOf({ rows, notes: ['`upgrade`: HTTP 400'] })
  expect(part).toContain('| `a.test.ts` | 1 | 1 | 0 |\n| `b.test.ts` | 0 | 1 | 1 |')
  expect(part).toContain('| a \\| b | failed | UNEXPLAINED: context … &lt;b> |')
  expect(part).toContain('| two | failed | the node has no trusted execution environments (501) |')
  expect(part).toContain('| three | skipped |  |')
  expect(part).toContain('- `upgrade`: HTTP 400')
  expect(rows.filter(isUnexplained).map(({ test }) => test)).toEqual(['a | b'])
})

test('a suite writes its own part of the page, and again the same', () => {
  const page = 'before\n<!-- x -->\n<!-- /x -->\nafter <!-- y -->\n'
  const written = withPart(page, 'x', 'one')
  expect(written).toBe('before\n<!-- x -->\n\none\n\n<!-- /x -->\nafter <!-- y -->\n')
  expect(withPart(written, 'x', 'one')).toBe(written)
  expect(withPart(written, 'x', 'two')).toContain('\n\ntwo\n\n')
  expect(() => withPart(page, 'z', 'one')).toThrow('<!-- z -->')
})
