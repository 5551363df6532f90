import { expect, test } from 'vitest'
import { stepSchemas } from '../../steps/registry.ts'
import { planWorkflow } from '../plan.ts'
import { renderProblem } from '../yaml/code-frame.ts'

function problemsOf(step: string): string[] {
  const text = `name: t\nnodes: { count: 1, prefix: n }\nsteps:\n  - ${step}\n`
  const { problems } = planWorkflow({ file: 'w.yml', text, kinds: stepSchemas, lookAtFile: () => ({ kind: 'absent' }) })
  return problems.map(
    ({ severity, path, message, hint }) => `${severity} ${path} ${message.slice(0, 60)} | ${hint ?? ''}`,
  )
}

test.each(['foo bar baz', 'contains(x', 'nofunc(1,2)', 'contains(a, b, c)', 'equal(a)', 'regex(a, "(")'])(
  'the assert statement %s can never be true, and is warned of',
  (statement) => {
    const [problem] = problemsOf(`{ type: assert, statements: ['1 == 1', ${JSON.stringify(statement)}] }`)
    expect(problem).toMatch(/^warning steps\[0\]\.statements\[1\] this statement can never be true/)
  },
)

test('statements of json_assert are looked at, too; non_blocking makes warnings; good ones are let through', () => {
  expect(problemsOf("{ type: json_assert, statements: ['{{i}} == 5'] }").join()).toMatch(/^warning /)
  expect(problemsOf('{ type: assert, non_blocking: true, statements: [what] }').join()).toMatch(/^warning /)
  const good = `['is_set(1)', '1 == 1', 'CONTAINS(abc, b)', 'regex(a, "^a.*")', 'equal(a, b, c)', { statement: '1 < 2', message: x }]`
  expect(problemsOf(`{ type: assert, statements: ${good} }`)).toEqual([])
  expect(problemsOf(`{ type: json_assert, statements: ['json_equal({"a": [1, 2]}, {})', 'SUBSET(a, b)'] }`)).toEqual([])
})

test.each([
  ['assert', 'json_equal(a, b)', 'json_equal is of json_assert: type: json_assert'],
  ['assert', '{{a}} = 5', 'write {{a}} == 5'],
  ['assert', 'equls(a, b)', 'did you mean "equals"?'],
  ['assert', 'contains(a, b', 'did you mean "contains(a, b)"? The ")" is missing'],
  ['assert', 'a==b', 'write a == b'],
  ['json_assert', 'json_equals(1, 2)', 'did you mean "json_equal"?'],
  ['json_assert', 'json_equal(1, {}', 'did you mean "json_equal(1, {})"? The ")" is missing'],
  ['json_assert', '1 == 2', 'write json_equal(1, 2), or make it a statement of assert'],
])('%s: %s has the right word with it', (kind, statement, hint) => {
  const [problem] = problemsOf(`{ type: ${kind}, statements: [${JSON.stringify(statement)}] }`)
  expect(problem?.split(' | ')[1]).toBe(hint)
})

test('a script that is not there is named', () => {
  expect(problemsOf('{ type: script, script: a.sh, target: local }').join()).toContain('the file a.sh does not exist')
})

test('control characters of a file are shown, never sent to the terminal', () => {
  const text = 'name: "a"\n\u001b[31mnodes: [\u0007\n'
  const { problems } = planWorkflow({ file: 'w.yml', text, kinds: stepSchemas })
  expect(problems.length).toBeGreaterThan(0)
  for (const problem of problems) expect(renderProblem(problem, text).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})
