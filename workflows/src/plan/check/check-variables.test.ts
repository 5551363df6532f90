import { describe, expect, test } from 'vitest'
import { lines, withSteps } from '../sample-plan.ts'

describe('variables', () => {
  const use = (name: string) => `  - {type: create_group, node: calimero-node-1, application_id: "{{${name}}}"}\n`
  const set = (name: string) =>
    `  - {type: create_group, node: calimero-node-1, application_id: a, outputs: {${name}: id}}\n`

  test('that no step before captures are warnings', () => {
    const result = withSteps(use('nope') + use('later') + set('later') + set('before') + use('before') + use('befor'))
    expect(lines(result)).toEqual([
      '5:65 warning no step before this one sets the variable "nope" | outputs: of a step before it sets variables: { nope: … }',
      '6:65 warning no step before this one sets the variable "later" | it is set only later, in line 7',
      '10:65 warning no step before this one sets the variable "befor" | did you mean "before"?',
    ])
    expect(result.plan).toBeDefined()
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
