import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { visibleText } from '../values/visible-text.ts'
import { lines, plan, withSteps } from './sample-plan.ts'
import { renderProblem } from './yaml/code-frame.ts'

describe('anything', () => {
  test.each([
    ['', 'the file is empty'],
    ['# only a comment\n', 'the file is empty'],
    ['---\n', 'the file is empty'],
    ['- a\n', 'a workflow must be a map, not a list'],
    ['text', 'a workflow must be a map, not the text "text"'],
    ['a: 1\na: 2\n', 'the key "a" is here twice'],
    ['name: w\nnodes:\n\tcount: 2\n', 'a tab is used to indent'],
    ['name: "w\n', 'the quote " opened here is not closed'],
    ['a: b: c\n', 'a second ":"'],
    ['a: 1\n---\nb: 2\n', 'several documents'],
    ['a: *x\n', 'the alias *x is not defined before this'],
    ['a: &x [*x]\n', 'contains itself'],
    ['? [a]\n: b\n', 'a key must be a plain text'],
    ['a: !ruby x\n', 'the tag !ruby is not supported'],
    ['a: "\\q"', 'this is none'],
  ])('%j: %s', (text, message) => {
    expect(lines(plan(text)).join('\n')).toContain(message)
    expect(plan(text).plan).toBeUndefined()
  })

  test('alias bombs, deep and huge files are refused', () => {
    const bomb = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    ).join('\n')
    expect(lines(plan(bomb))[0]).toContain('more than 500000 values')
    expect(lines(plan(`a: ${'['.repeat(300)}${']'.repeat(300)}`)).join()).toContain('nested deeper than')
    expect(lines(plan(`a: ${'['.repeat(50_000)}`)).join()).toMatch(/nested/)
    expect(lines(plan('#'.repeat(5_000_000)))[0]).toContain('at most')
    const deepSteps = `${'{type: repeat, count: 1, steps: ['.repeat(30)}{type: wait, seconds: 1}${']}'.repeat(30)}`
    expect(lines(withSteps(`  - ${deepSteps}\n`)).join()).toContain('steps are nested deeper')
  })

  test('plan never throws, and every problem has a place in the file', () => {
    const piece = fc.constantFrom(
      'name: w\n',
      'nodes:\n',
      '  count: 2\n',
      'steps:\n',
      '  - type: ',
      'repeat\n',
      'call\n',
      '    steps:\n',
      '      - ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '\n',
      '  ',
      '\t',
      '"',
      "'",
      '&a ',
      '*a',
      '<<: ',
      '!!int ',
      '{{x}}',
      '#',
      '|',
      '>',
      '? ',
      'null',
      '1',
      '---\n',
      '\r\n',
      '😀',
      '\u0000',
    )
    const text = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
      fc.string(),
      fc.json(),
    )
    fc.assert(
      fc.property(text, (source) => {
        const result = plan(source)
        for (const problem of result.problems) {
          const line = source.split('\n')[problem.line - 1] ?? ''
          expect(problem.column).toBeGreaterThanOrEqual(1)
          expect(problem.column - 1).toBeLessThanOrEqual(line.length + 1)
          expect(problem.length).toBeGreaterThanOrEqual(1)
          expect(renderProblem(problem, source)).toContain(visibleText(problem.message))
        }
        expect(result.plan === undefined).toBe(result.problems.some((problem) => problem.severity === 'error'))
      }),
      { numRuns: 1000 },
    )
  })

  test('a problem is shown in its lines', () => {
    const text = 'name: w\nnodes: {count: 1}\nsteps:\n  - type: wiat\n    seconds: 1\n'
    const [problem] = plan(text).problems
    expect(problem && renderProblem(problem, text)).toBe(`w.yml:4:11: error: unknown step kind "wiat"
  3 | steps:
> 4 |   - type: wiat
    |           ^^^^
  5 |     seconds: 1
  in step 1, at type
  help: did you mean "wait"?`)
  })

  test('steps are counted from 1, as in a run, also inside of others', () => {
    const text = 'name: w\nnodes: {count: 1}\nsteps:\n  - {type: repeat, count: 1, steps: [{type: wait, seconds: x}]}\n'
    const [problem] = plan(text).problems
    expect(problem && renderProblem(problem, text)).toContain('\n  in step 1 › step 1, at seconds')
  })
})
