import { describe, expect, test } from 'vitest'
import { stepSchemas } from '../../steps/registry.ts'
import { planWorkflow } from '../plan.ts'
import { lines, withSteps } from '../sample-plan.ts'

describe('variables', () => {
  const use = (name: string) => `  - {type: create_group, node: calimero-node-1, application_id: "{{${name}}}"}\n`
  const set = (name: string) =>
    `  - {type: create_group, node: calimero-node-1, application_id: a, outputs: {${name}: id}}\n`

  const messages = (steps: string) => {
    const text = `name: w\nnodes: { count: 1 }\nsteps:\n${steps}`
    return planWorkflow({ file: 'w.yml', text, kinds: stepSchemas }).problems.map(({ message }) => message)
  }

  test('that no step before captures are warnings', () => {
    const result = withSteps(use('nope') + use('later') + set('later') + set('before') + use('before') + use('befor'))
    expect(lines(result)).toEqual([
      '5:65 warning no step before this one sets the variable "nope" | outputs: of a step before it sets variables: { nope: … }',
      '6:65 warning no step before this one sets the variable "later" | it is set only later, in line 7',
      '10:65 warning no step before this one sets the variable "befor" | did you mean "before"?',
    ])
    expect(result.plan).toBeDefined()
  })

  test('in the name of a step are looked at, too', () => {
    const named = (name: string) => `  - {name: "${name}", type: wait, seconds: 1}\n`
    const result = withSteps(
      `${named('round {{nope}}')}  - type: repeat\n    count: 2\n    steps:\n    ${named('round {{iteration}}')}    ${named('round {{iteratio}}')}`,
    )
    expect(lines(result).map((line) => line.replace(/^[\d:]+ /, ''))).toEqual([
      'warning no step before this one sets the variable "nope" | outputs: of a step before it sets variables: { nope: … }',
      'warning no step before this one sets the variable "iteratio" | did you mean "iteration"?',
    ])
  })

  test('that are captured in a repeat stay in it', () => {
    const inner =
      '      - {type: call, node: calimero-node-1, context_id: "{{outer}}", method: m, outputs: {inner: r}}\n'
    const more = '      - {type: call, node: calimero-node-1, context_id: "x{{inner}}-{{iteration}}", method: m}\n'
    const result = withSteps(
      `${set('outer')}  - type: repeat\n    count: 2\n    steps:\n${inner}${more}${use('inner')}`,
    )
    expect(lines(result)).toEqual([
      '11:65 warning no step before this one sets the variable "inner" | it is set in line 9, and does not leave that repeat',
    ])
  })

  test('that are lent for a step and captured inside of it stay set', () => {
    const nested = (more: string) =>
      `  - {type: block, vars: {pk: none, other: none}, steps: [{type: block, vars: {pk: x}, steps: [{type: create_group, node: calimero-node-1, application_id: a, outputs: {pk: id}}${more}]}]}\n`
    expect(messages(nested('') + use('pk'))).toEqual([])
    expect(messages(nested('') + use('other'))).toEqual([expect.stringContaining('sets the variable "other"')])
    const loop =
      ', {type: repeat, count: 1, steps: [{type: create_group, node: calimero-node-1, application_id: a, outputs: {other: id}}]}'
    expect(messages(nested(loop) + use('other'))).toEqual([expect.stringContaining('sets the variable "other"')])
  })

  test('that are set without outputs are known', () => {
    const names = [
      'app_id_calimero-node-1',
      'public_key_calimero-node-2',
      'context.n1.x',
      'install.n1',
      'namespace_id',
      'duration_ms',
      'invite.a_identity.b',
      'w_duration_ms',
    ]
    expect(lines(withSteps(names.map(use).join('')))).toEqual([])
    const install = '  - {type: install_application, node: calimero-node-1, path: x}\n'
    expect(lines(withSteps(install + use('installed_on_calimero-node-1')))).toEqual([])
    const target =
      '  - {type: wait, seconds: 1, outputs: {v: {field: f, target: "t_{node_name}"}}, node: calimero-node-1}\n'
    expect(lines(withSteps(target + use('t_calimero-node-1'))).filter((line) => line.includes('variable'))).toEqual([])
  })

  test('a text of two placeholders is explained', () => {
    expect(lines(withSteps(`${set('a')}${use('a}}-{{a')}`))[0]).toContain('is read as one placeholder')
    const statement = '  - {type: assert, statements: ["{{a}} == {{a}}", {statement: "equal({{a}}, {{zz}})"}]}\n'
    expect(lines(withSteps(set('a') + statement))).toEqual([
      '6:63 warning no step before this one sets the variable "zz" | outputs: of a step before it sets variables: { zz: … }',
    ])
  })

  test('one that would be set for a node is unknown where there is no such node', () => {
    expect(
      lines(withSteps('  - {type: call, node: calimero-node-1, context_id: "{{context_id_x}}", method: m}\n')),
    ).toEqual([
      '5:53 warning no step before this one sets the variable "context_id_x" | outputs: of a step before it sets variables: { context_id_x: … }',
    ])
  })

  test('below fuzzy_test generators and the arguments of its calls are known, and nothing else', () => {
    const fuzzy = (value: string) => `  - type: fuzzy_test
    operations:
      - name: o
        steps:
          - {type: call, node: "{{random_node}}", context_id: c, method: set, args: {key: "${value}"}}
`
    for (const name of ['random_int(1, 9)', 'random_string(4)', 'timestamp', 'uuid', '_iteration', 'fuzzy_key']) {
      expect(lines(withSteps(fuzzy(`k{{${name}}}`)))).toEqual([])
    }
    expect(lines(withSteps(fuzzy('{{timestamp}}_{{random_string(4)}}')))).toEqual([])
    const unknown = lines(withSteps(fuzzy('k{{fuzzy_kez}}')))
    expect(unknown).toHaveLength(1)
    expect(unknown[0]).toContain('"fuzzy_kez" | did you mean "fuzzy_key"?')
  })
})

describe('a text in braces that is no placeholder', () => {
  const set = '  - {type: create_group, node: calimero-node-1, application_id: a, outputs: {ctx: id}}\n'
  const found = (text: string) =>
    lines(withSteps(`${set}  - {type: call, node: calimero-node-1, context_id: c, method: m, args: {k: '${text}'}}\n`))

  test.each(['{{ctx}', '{ctx}}', '{ctx}', 'a {{ ctx } b', '{{other}'])('is warned of: %s', (text) => {
    const name = text.includes('other') ? 'other' : 'ctx'
    const [line = '', ...more] = found(text)
    expect(more).toEqual([])
    expect(line).toContain(`is no placeholder, and stays as it is`)
    expect(line).toContain(`| did you mean "{{${name}}}"?`)
  })

  test.each(['{{ctx}}', '{other}', '{"ctx": {"a": 1}}', `\${ctx}`, '{3}'])('is none of these: %s', (text) => {
    expect(found(text)).toEqual([])
  })
})

test('a condition may ask whether something is set that nothing sets, an assertion may not', () => {
  const step = (more: string) => `  - {type: wait, seconds: 1, ${more}}\n`
  expect(lines(withSteps(step("if: 'is_set({{zz}})'") + step("if: ['is_empty( {{ zz }} )']")))).toEqual([])
  expect(lines(withSteps(step("if: '{{zz}} == 1'"))).join()).toContain('"zz"')
  expect(lines(withSteps("  - {type: assert, statements: ['is_set({{zz}})']}\n")).join()).toContain('"zz"')
})

test('a placeholder in a method is warned of: it is called as it is written', () => {
  const [line] = lines(withSteps("  - {type: call, node: calimero-node-1, context_id: c, method: '{{m}}'}\n"))
  expect(line).toContain('no placeholder is resolved in "method": "{{m}}" is taken as it is written')
})

test('more warnings than are listed do not refuse a file, and looking for like names ends', () => {
  const count = 2000
  const steps = Array.from(
    { length: count },
    (_, at) =>
      `  - {type: create_group, node: calimero-node-1, application_id: '{{unknown_${at}}}', outputs: {known_${at}: id}}\n`,
  )
  const result = withSteps(steps.join(''))
  expect(result.plan).toBeDefined()
  expect(result.problems).toHaveLength(1001)
  expect(result.problems.at(-1)).toMatchObject({ severity: 'warning', message: '1000 more problems are not listed' })
  const refused = withSteps(`${steps.join('')}  - {type: nobody_knows}\n`)
  expect(refused.plan).toBeUndefined()
})

test('outputs of repeat are set inside of it, and after it only those that are known then', () => {
  const text = (name: string) => `
  - type: repeat
    count: 2
    outputs: { cnt: { field: total_iterations, target: tot }, took: duration_ms }
    steps: [{ type: assert, statements: ['{{tot}} == 2'] }]
  - { type: assert, statements: ['{{${name}}} == 2'] }
`
  const found = (name: string) => {
    const { problems } = planWorkflow({
      file: 'f',
      text: `name: t\nnodes: { count: 1 }\nsteps:${text(name)}`,
      kinds: stepSchemas,
    })
    return problems.map(({ message }) => message)
  }
  expect(found('took')).toEqual([])
  expect(found('total_iterations')).toEqual([])
  expect(found('tot')).toEqual(['no step before this one sets the variable "tot"'])
})
