import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlannedStep } from '../plan/plan-types.ts'
import { fixWorkflow } from './fix.ts'
import { lintWorkflow } from './lint.ts'
import { fileWith } from './sample-lint.ts'

const fixed = (steps: string) => {
  const result = fixWorkflow({ file: 'w.yml', text: fileWith(steps) })
  expect(fixWorkflow({ file: 'w.yml', text: result.text })).toMatchObject({
    text: result.text,
    fixed: [],
    difference: '',
  })
  return result.text.slice(fileWith('').length - 1)
}

test('a barrier comes before the check, and looks like the steps around it', () => {
  const steps = `
  - name: Write   # here
    type: call
    node: a
    context_id: "{{ctx}}"
    method: set
    args: {key: k, value: |
      # no comment
      }

  # what is
  # read
  - name: Read
    type: call
    node: b
    context_id: "{{ctx}}"   # of all
    method: get
    args: {key: k}
    expect: {output: v}

  - name: Read
    type: call
    node: c
    context_id: "{{ctx}}"
    method: get
    args: {key: k}
    expect: {output: v}`.replace('value: |\n      # no comment\n      }', 'value: v}')
  expect(fixed(steps)).toBe(
    `${steps.slice(1).replace(
      '  # what is',
      `  - name: Wait until a, b and c agree
    type: wait_for_sync
    nodes: [a, b, c]
    context_id: "{{ctx}}"

  # what is`,
    )}\n`,
  )
})

test('a pause stays, and the help says so', () => {
  const steps = `
  - {type: call, node: a, context_id: "{{ctx}}", method: set, args: {key: k, value: v}}
  - {type: wait, seconds: 2}
  - {type: call, node: b, context_id: "{{ctx}}", method: get, args: {key: k}, expect: {output: v}}`
  const [finding] = lintWorkflow({ file: 'w.yml', text: fileWith(steps) }).findings
  expect(finding?.hint).toMatch(
    /^put a wait_for_sync of a, b in front of line \d+; delete the pause if it was only for that$/,
  )
  expect(fixed(steps)).toContain('  - {type: wait, seconds: 2}\n  - name: Wait until a and b agree\n')
})

test('in front of a step whose neighbour ends with a block text, nothing of that text is touched', () => {
  const write = `- type: call\n  node: a\n  context_id: '{{ctx}}'\n  method: set\n  args:\n    key: k\n    value: |\n      text\n      # no comment\n`
  const read = `- type: call\n  node: b\n  context_id: '{{ctx}}'\n  method: get\n  args: { key: k }\n  expect: { output: v }`
  expect(fixed(write + read)).toBe(
    `${write}- name: Wait until a and b agree\n  type: wait_for_sync\n  nodes: [a, b]\n  context_id: '{{ctx}}'\n${read}\n`,
  )
})

test('line ends stay what they are', () => {
  const text = fileWith(
    `- type: call\n  node: a\n  context_id: '{{ctx}}'\n  method: set\n  args: { key: k }\n  outputs:\n    r: result\n`,
  )
  const { text: result } = fixWorkflow({ file: 'w.yml', text: text.replaceAll('\n', '\r\n') })
  expect(result).toBe(text.replace('  outputs:\n    r: result\n', '').replaceAll('\n', '\r\n'))
})

test('captures that are certain go, others stay', () => {
  const call = (method: string, outputs: string) =>
    `- type: call\n  node: a\n  context_id: '{{ctx}}'\n  method: ${method}\n  args: {}\n  outputs:\n${outputs}\n`
  const both = call('set', '    one: result # the first\n    two: result.output')
  expect(fixed(both)).toBe(`${call('set', '    # the first\n    two: result.output')}\n`)
  expect(fixed(call('get', '    one: result'))).toBe(`${call('get', '    one: result')}\n`)
  const inline = `- { type: call, node: a, context_id: '{{ctx}}', method: set, args: {}, outputs: { r: result } }`
  expect(fixed(inline)).toBe(`${inline}\n`)
  const alias = `- &one\n  type: call\n  node: a\n  context_id: '{{ctx}}'\n  method: set\n  outputs: &o\n    r: result\n- <<: *one\n  outputs: *o`
  expect(fixed(alias)).toContain('- <<: *one')
})

test('a comment that suppresses nothing goes', () => {
  const comment = '# calbox-lint-disable-next-line unused-capture -- because\n'
  expect(fixed(`${comment}- { type: wait, seconds: 1 }`)).toBe('- { type: wait, seconds: 1 }\n')
})

test('a file that cannot be planned is left alone', () => {
  expect(fixWorkflow({ file: 'w.yml', text: 'name: w\nsteps: 5\n' })).toMatchObject({
    text: 'name: w\nsteps: 5\n',
    fixed: [],
  })
})

const nodes = fc.constantFrom('a', 'b', 'c')
const keys = fc.constantFrom('k', 'l', "'k{{iteration}}'")
const step: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc.tuple(nodes, keys, fc.boolean()).map(([node, key, captures]) => call(node, 'set', key, captures ? 'w' : '')),
  fc.tuple(nodes, keys, fc.constantFrom('r', '')).map(([node, key, name]) => call(node, 'get', key, name)),
  fc.constant(['- type: wait', '  seconds: 1']),
  fc.constant(['- type: json_assert # what was read', '  statements:', `    - 'json_equal({{r}}, 1)'`]),
  fc.subarray(['a', 'b', 'c'], { minLength: 2 }).map((list) => sync(list)),
)

function call(node: string, method: string, key: string, name: string): string[] {
  const outputs = name === '' ? [] : ['  outputs:', `    ${name}: result`]
  return [
    '- type: call',
    `  node: ${node}`,
    `  context_id: '{{ctx}}'`,
    `  method: ${method}`,
    `  args: { key: ${key} }`,
    ...outputs,
  ]
}

function sync(list: readonly string[]): string[] {
  return ['- type: wait_for_sync', `  context_id: '{{ctx}}'`, `  nodes: [${list.join(', ')}]`]
}

const body = fc.array(fc.tuple(fc.constantFrom('', '\n', '# about the next\n'), step), { minLength: 1, maxLength: 7 })

function textOf(steps: readonly (readonly [string, readonly string[]])[], indent: string): string {
  return steps
    .map(([before, lines]) => before.replace('#', `${indent}#`) + lines.map((line) => indent + line).join('\n'))
    .join('\n')
}

test('what --fix writes plans as before, with barriers more and captures less', () => {
  fc.assert(
    fc.property(body, body, (outer, inner) => {
      const steps = `${textOf(outer, '')}\n- type: repeat\n  count: 2\n  steps:\n${textOf(inner, '    ')}\n${textOf(outer, '')}`
      const text = fileWith(steps)
      const result = fixWorkflow({ file: 'w.yml', text })
      const before = lintWorkflow({ file: 'w.yml', text })
      const after = lintWorkflow({ file: 'w.yml', text: result.text })
      expect(after.findings.filter(({ fix }) => fix !== undefined)).toEqual([])
      expect(kept(after.plans[0]?.steps ?? [])).toEqual(kept(before.plans[0]?.steps ?? []))
      expect(commentsIn(result.text)).toBe(commentsIn(text))
    }),
    { numRuns: 15 },
  )
})

/** All but the barriers and what is captured. */
function kept(steps: readonly PlannedStep[]): unknown {
  return steps
    .filter(({ kind }) => kind !== 'wait_for_sync')
    .map(({ kind, input, name, branches }) => {
      const { steps: _, ...own } = input
      return { kind, own, name, inner: branches.map((branch) => kept(branch.steps)) }
    })
}

function commentsIn(text: string): number {
  return text.split('# about the next').length + text.split('# what was read').length
}

test('a comment behind what is deleted stays', () => {
  const written = `  - type: call
    node: a
    context_id: '{{ctx}}'
    method: set
    args: { key: k, value: v }
    outputs: { unused: result }   # for people
  - { type: wait, seconds: 1 }
`
  expect(fixed(written).trimEnd()).toBe(
    written.replace('outputs: { unused: result }   # for people', '# for people').trimEnd(),
  )
})
