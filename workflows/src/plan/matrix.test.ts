import { describe, expect, test } from 'vitest'
import { stepSchemas } from '../steps/registry.ts'
import { lines, plan } from './sample-plan.ts'

const planned = (text: string, more: Parameters<typeof plan>[1] = {}) => plan(text, { kinds: stepSchemas, ...more })

describe('a matrix', () => {
  test('gives a plan for each combination, with its name, its values and nodes without older data', () => {
    const result = planned(`
name: w
matrix: {count: [2, 3], app: [kv, x y]}
nodes: {count: '{{matrix.count}}', prefix: 'n{{matrix.count}}'}
steps:
  - {type: repeat, count: '{{matrix.count}}', name: '{{matrix.app}}!', steps: [{type: wait, seconds: 1}]}
`)
    expect(lines(result)).toEqual([])
    expect(result.plans.map(({ name, nodes, matrix }) => [name, nodes.at(-1)?.name, matrix?.values])).toEqual([
      ['w (count=2, app=kv)', 'n2-2', { count: 2, app: 'kv' }],
      ['w (count=2, app=x y)', 'n2-2', { count: 2, app: 'x y' }],
      ['w (count=3, app=kv)', 'n3-3', { count: 3, app: 'kv' }],
      ['w (count=3, app=x y)', 'n3-3', { count: 3, app: 'x y' }],
    ])
    expect(result.plan).toBe(result.plans[0])
    for (const { settings } of result.plans) expect(settings).toMatchObject({ nukeOnStart: true, stopAllNodes: true })
    // In longer texts of steps it is a variable, which the run resolves.
    expect(result.plans[2]?.steps[0]).toMatchObject({ input: { count: 3 }, name: '{{matrix.app}}!' })
  })

  test('a file without one has one plan, which keeps its settings', () => {
    const result = planned('name: w\nnodes: {count: 1}\nsteps: [{type: wait, seconds: 1}]\n')
    expect(result.plans).toHaveLength(1)
    expect(result.plan).not.toHaveProperty('matrix')
    expect(result.plan?.settings).toMatchObject({ nukeOnStart: false, stopAllNodes: false })
  })

  test('chooses included files', () => {
    const text = 'name: w\nmatrix: {app: [a, b]}\nnodes: {count: 1}\nsteps: [{include: "set-{{matrix.app}}.yml"}]\n'
    const result = planned(text, { readIncluded: () => ({ kind: 'text', text: '- {type: wait, seconds: 1}' }) })
    expect(lines(result)).toEqual([])
    expect([...result.sources.keys()]).toEqual(['w.yml', 'set-a.yml', 'set-b.yml'])
  })

  test('a problem of one combination is a problem of the file, once', () => {
    const step = '{type: call, node: calimero-node-3, context_id: c, method: m}'
    const text = `name: w\nmatrix: {n: [3, 2, 1]}\nnodes: {count: '{{matrix.n}}'}\nsteps: [${step}]\n`
    const result = planned(text)
    expect(result.problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '4 unknown node "calimero-node-3"',
    ])
    expect(result.plans).toEqual([])
    expect(result.plan).toBeUndefined()
  })

  test.each([
    ['matrix: 5', '"matrix" must be a map'],
    ['matrix: {}', '"matrix" has no axes'],
    ['matrix: {a: 5}', 'the axis "a" must be a list of values, not 5'],
    ['matrix: {a: []}', 'not an empty one'],
    ['matrix: {"a b": [1]}', 'cannot be the name of an axis'],
    ['matrix: {a: [{b: 1}]}', 'a value of a matrix must be a text, a number or a truth value, not a map'],
    [`matrix: {a: [${'1,'.repeat(8)}1], b: [${'1,'.repeat(8)}1]}`, 'the matrix has 81 combinations; at most 64'],
    ['matrix: {count: [1]}\ndescription: "{{matrix.cuont}}"', 'the matrix has no axis "cuont" | did you mean "count"?'],
  ])('%s: %s', (key, message) => {
    const result = planned(`name: w\n${key}\nnodes: {count: 1}\nsteps: [{type: wait, seconds: 1}]\n`)
    expect(lines(result).join('\n')).toContain(message)
    expect(result.plan).toBeUndefined()
  })
})

describe('vars of a file', () => {
  const env = (name: string) => `$\{${name}}`
  const text = (vars: string, use = '{{a}}') =>
    `name: w\nvars: ${vars}\nnodes: {count: 1}\nsteps: [{type: assert, statements: ["is_set(${use})"]}]\n`

  test('are set before the first step, with values of the environment', () => {
    const result = planned(text(`{a: 1, b: "${env('HOST:-none')}", c: ["${env('HOME')}"], d: "{{a}}"}`), {
      environment: { HOME: '/h' },
    })
    expect(lines(result)).toEqual([])
    expect(result.plan?.vars).toEqual([
      { name: 'a', value: 1, fromEnvironment: false },
      { name: 'b', value: 'none', fromEnvironment: false },
      { name: 'c', value: ['/h'], fromEnvironment: true },
      { name: 'd', value: '{{a}}', fromEnvironment: false },
    ])
  })

  test('may be made of those before them only, and a name that is nowhere set is warned of', () => {
    expect(lines(planned(text('{a: "{{b}}", b: 1}')))).toEqual([
      '2:11 warning no step before this one sets the variable "b" | outputs: of a step before it sets variables: { b: … }',
    ])
    expect(lines(planned(text(`{a: "${env('NOPE')}"}`), { environment: {} }))).toEqual([
      `2:11 warning the environment variable NOPE is not set | set it, or write ${env('NOPE:-default')}`,
    ])
    expect(lines(planned(text('{a: 1}', '{{b}}')))[0]).toContain('"b"')
  })

  test.each([
    ['5', '"vars" must be a map'],
    ['{"{x}": 1}', 'cannot be the name of a variable'],
  ])('%s: %s', (vars, message) => {
    expect(lines(planned(text(vars, 'x'))).join('\n')).toContain(message)
  })
})
