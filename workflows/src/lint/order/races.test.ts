import { describe, expect, test } from 'vitest'
import { fixWorkflow } from '../fix.ts'
import { lintWorkflow } from '../lint.ts'
import { fileWith, linted, places } from '../sample-lint.ts'

const RULES = [
  'read-without-barrier',
  'barrier-misses-node',
  'sleep-as-barrier',
  'sleep-before-join',
  'node-not-running',
]
const at = (steps: string, settings = '') => places(steps, RULES, settings)

const set = (node: string, key = 'k') =>
  `- { type: call, node: ${node}, context_id: '{{ctx}}', method: set, args: { key: ${key}, value: v } }`
const get = (node: string, key = 'k', more = '') =>
  `- { type: call, node: ${node}, context_id: '{{ctx}}', method: get, args: { key: ${key} }, outputs: { r: result }${more} }`
const view = (expected: string) =>
  `- { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: k }, expect: ${expected} }`
const sync = (...nodes: string[]) => `- { type: wait_for_sync, nodes: [${nodes}], context_id: '{{ctx}}' }`
const holds = `- { type: json_assert, statements: ['json_equal({{r}}, {"output": "v"})'] }`
const steps = (...lines: string[]) => lines.join('\n')

test.each([
  ['a check on another node', [set('a'), get('b'), holds], ['6 read-without-barrier']],
  ['a check on the same node', [set('a'), get('a'), holds], []],
  ['a barrier between', [set('a'), sync('a', 'b'), get('b'), holds], []],
  ['a barrier before the write', [sync('a', 'b'), set('a'), get('b'), holds], ['7 read-without-barrier']],
  ['a barrier without the reader', [set('a'), sync('a', 'c'), get('b'), holds], ['6 barrier-misses-node']],
  ['a barrier without the writer', [set('a'), sync('b', 'c'), get('b'), holds], ['6 barrier-misses-node']],
  ['two barriers that hand it on', [set('a'), sync('a', 'c'), sync('c', 'b'), get('b'), holds], []],
  ['a pause', [set('a'), '- { type: wait, seconds: 5 }', get('b'), holds], ['6 sleep-as-barrier']],
  ['it is captured for people', [set('a'), get('b')], ['6 read-without-barrier']],
  ['it is not captured', [set('a'), get('b').replace(', outputs: { r: result }', '')], []],
  ['another key', [set('a'), get('b', 'other'), holds], []],
  ['a call that is expected to fail', [set('a'), get('b', 'k', ', expected_failure: true'), holds], []],
  ['a script between', [set('a'), '- { type: script, script: s.sh, target: local }', get('b'), holds], []],
  ['the reader joins', [set('a'), `- { type: join_context, node: b, context_id: '{{ctx}}' }`, get('b'), holds], []],
  ['only that there is an answer', [set('a'), get('b'), `- { type: assert, statements: ['is_set({{r}})'] }`], []],
  ['that it is not there', [set('a'), get('b'), `- { type: assert, statements: ["not_contains({{r}}, 'v')"] }`], []],
  [
    'that nothing is there',
    [set('a'), get('b'), `- { type: json_assert, statements: ['json_equal({{r}}, {"output": null})'] }`],
    [],
  ],
  ['that nothing is there, in place', [set('a'), view("['json_equal({{output}}, null)']")], []],
  ['that a text is there, in place', [set('a'), view('{ output: v }')], ['6 read-without-barrier']],
  ['the reader is cut off', ['- { type: disconnect_node, node: b }', set('a'), get('b'), holds], []],
  [
    'the reader is back',
    ['- { type: disconnect_node, node: b }', set('a'), '- { type: connect_node, node: b }', get('b'), holds],
    ['8 read-without-barrier'],
  ],
  [
    'a barrier while it was cut off, and none after',
    [
      '- { type: disconnect_node, node: b }',
      set('a'),
      sync('a', 'c'),
      '- { type: connect_node, node: b }',
      get('b'),
      holds,
    ],
    ['9 read-without-barrier'],
  ],
  ['both sides of a partition', ['- { type: partition_peers, node: a, peers: [b] }', set('a'), get('b'), holds], []],
])('%s', (_, lines, expected) => {
  expect(at(steps(...lines))).toEqual(expected)
})

test('a barrier that could not have more nodes is not at fault', () => {
  const cut = '- { type: partition_peers, node: a, peers: [b, c] }'
  const heal = '- { type: heal_peers, node: a, peers: [b, c] }'
  expect(at(steps(cut, set('a'), sync('b', 'c'), heal, get('b'), holds))).toEqual(['9 read-without-barrier'])
  expect(at(steps(cut, set('a'), sync('b', 'c'), get('b'), holds))).toEqual([])
  expect(at(steps(cut, heal, set('a'), sync('b', 'c'), get('b'), holds))).toEqual(['8 barrier-misses-node'])
})

test('a pause in which nothing could come is no pause, and a barrier asks a node that is there', () => {
  const cut = '- { type: disconnect_node, node: b }'
  const back = '- { type: connect_node, node: b }'
  expect(at(steps(cut, set('a'), '- { type: wait, seconds: 5 }', back, get('b'), holds))).toEqual([
    '9 read-without-barrier',
  ])
  const text = fileWith(steps(set('a'), sync('a', 'c'), '- { type: stop_node, nodes: a }', get('b'), holds))
  expect(lintWorkflow({ file: 'w.yml', text }).findings[0]).toMatchObject({
    rule: 'barrier-misses-node',
    hint: 'add b to its nodes',
  })
})

describe('a writer that ends before the read', () => {
  const stop = '- { type: stop_node, nodes: a }'
  const found = (...lines: string[]) => lintWorkflow({ file: 'w.yml', text: fileWith(steps(...lines)) }).findings

  test('may have told nobody: the barrier belongs in front of its end, which no fix writes', () => {
    for (const end of [
      stop,
      '- { type: pause_container, container: a }',
      '- { type: fault, fault: kill, nodes: [a] }',
    ]) {
      const [finding, ...more] = found(set('a'), end, get('b'), holds)
      expect([end, finding, more]).toEqual([
        end,
        expect.objectContaining({
          rule: 'read-without-barrier',
          line: 7,
          message: 'nothing makes sure that b has what "set" wrote on a in line 5, before that node ends in line 6',
          hint: 'put a wait_for_sync of a and b for the context in front of line 6',
        }),
        [],
      ])
      expect(finding?.fix).toBeUndefined()
    }
    expect(at(steps(set('a'), '- { type: wait, seconds: 5 }', stop, get('b'), holds))).toEqual([
      '8 read-without-barrier',
    ])
  })

  test('is none where a barrier was before it, the reader was cut off when it wrote, or it is there again', () => {
    expect(found(set('a'), sync('a', 'b'), stop, get('b'), holds)).toEqual([])
    expect(found('- { type: disconnect_node, node: b }', set('a'), stop, get('b'), holds)).toEqual([])
    const again = [stop, '- { type: start_node, nodes: a }']
    expect(found(set('a'), ...again, sync('a', 'b'), get('b'), holds)).toEqual([])
    const absent = `- { type: assert, statements: ["not_contains({{r}}, 'v')"] }`
    expect(found(set('a'), stop, get('b'), absent)).toEqual([])
  })
})

test('keys that every step may have: after, eventually, retry, expect, if, for_each', () => {
  const read = (more: string) => get('b', 'k', `, ${more}`)
  expect(at(steps(set('a'), read('after: sync'), holds))).toEqual([])
  expect(at(steps(set('a'), read('eventually: true, expect: { output: v }')))).toEqual([])
  expect(at(steps(set('a'), read('retry: 3, expect: { output: v }'), get('b'), holds))).toEqual([])
  expect(at(steps(set('a'), read('expect: { output: v }')))).toEqual(['6 read-without-barrier'])
  expect(at(steps(set('a'), read('if: "{{ctx}} == CTX"'), holds))).toEqual(['6 read-without-barrier'])
  const each = `- { type: call, for_each: [a, b], node: '{{item}}', context_id: '{{ctx}}', method: get, args: { key: k }, expect: { output: v } }`
  expect(at(steps(set('a'), each))).toEqual(['6 read-without-barrier'])
  expect(at(steps(set('a'), sync('a', 'b'), each))).toEqual([])
  expect(at(steps(set('a'), '- type: block', '  eventually: true', '  steps:', `  ${get('b')}`, `  ${holds}`))).toEqual(
    [],
  )
})

test('the last iteration is before the first one', () => {
  const body = (...lines: string[]) =>
    steps('- type: repeat', '  count: 3', '  steps:', ...lines.map((line) => `    ${line}`))
  expect(at(body(get('b'), holds, set('a')))).toEqual(['8 read-without-barrier'])
  expect(at(body(get('b'), holds, set('a'), sync('a', 'b')))).toEqual([])
  expect(at(body(set('a', `'k{{iteration}}'`), sync('a', 'b'), get('b', `'k{{iteration}}'`), holds))).toEqual([])
  expect(at(body(get('b', `'k{{iteration}}'`), holds, set('a', `'k{{iteration}}'`)))).toEqual([])
  expect(
    at(`${body(set('a', `'k{{iteration}}'`), '- { type: wait, seconds: 1 }')}\n${get('b', 'k3')}\n${holds}`),
  ).toEqual(['9 sleep-as-barrier'])
})

test('groups of parallel are beside each other, and before what comes after', () => {
  const groups = (...lists: string[][]) =>
    [
      '- type: parallel',
      '  groups:',
      ...lists.map((list) => steps('    - steps:', ...list.map((line) => `        ${line}`))),
    ].join('\n')
  expect(at(groups([set('a')], [get('a'), holds]))).toEqual(['10 read-without-barrier'])
  expect(at(`${groups([set('a')], [set('b')])}\n${get('b')}\n${holds}`)).toEqual(['11 read-without-barrier'])
  expect(at(`${groups([set('a')], [set('c')])}\n${sync('a', 'b', 'c')}\n${get('b')}\n${holds}`)).toEqual([])
})

test('names of methods tell reads from writes, and what they are about', () => {
  const call = (node: string, method: string, args = '{}', more = '') =>
    `- { type: call, node: ${node}, context_id: '{{ctx}}', method: ${method}, args: ${args}${more} }`
  const read = ', outputs: { r: result.output }'
  const look = `- { type: assert, statements: ["contains({{r}}, 'v')"] }`
  const uploaded = call('a', 'upload_file', '{ name: v }', ', outputs: { id: result.output }')
  expect(at(steps(uploaded, call('b', 'list_files', '{}', read), look))).toEqual(['6 read-without-barrier'])
  expect(at(steps(uploaded, call('b', 'get_file', `{ file: '{{id}}' }`, read), look))).toEqual([
    '6 read-without-barrier',
  ])
  expect(at(steps(uploaded, call('b', 'get_members', '{}', read), look))).toEqual([])
  expect(at(steps(uploaded, call('b', 'owner', '{}', read), look))).toEqual([])
  const gone = `- { type: assert, statements: ["not_contains({{r}}, 'v')"] }`
  expect(at(steps(call('a', 'delete_file', '{ name: v }'), call('b', 'list_files', '{}', read), gone))).toEqual([
    '6 read-without-barrier',
  ])
})

test('governance: who is a member, what is in the records', () => {
  const name = (node: string, group = '{{ns}}') =>
    `- { type: set_group_metadata, node: ${node}, group_id: '${group}', record_name: red }`
  const read = (node: string) =>
    `- { type: get_group_metadata, node: ${node}, group_id: '{{ns}}', outputs: { r: name } }`
  const group = `- { type: wait_for_sync, nodes: [a, b], group_id: '{{ns}}' }`
  expect(at(steps(name('a'), read('b')))).toEqual(['6 read-without-barrier'])
  expect(at(steps(name('a'), group, read('b')))).toEqual([])
  expect(at(steps(name('a', '{{app}}'), read('b')))).toEqual([])
  expect(at(steps(name('a'), `- { type: sync_group, node: b, group_id: '{{ns}}' }`, read('b')))).toEqual([])
  const add = `- { type: add_group_members, node: a, group_id: '{{ns}}', members: [{ identity: x, role: Member }] }`
  const gone = `- { type: assert_not_member, node: b, group_id: '{{ns}}', account: x }`
  expect(at(steps(add, gone))).toEqual(['6 read-without-barrier'])
  expect(
    at(
      steps(
        add
          .replace('add_group_members', 'set_member_auto_follow')
          .replace(/members: .*\]/, 'member_id: x, auto_follow_contexts: true, auto_follow_subgroups: true'),
        gone,
      ),
    ),
  ).toEqual([])
  const made = `- { type: create_group_in_namespace, node: a, namespace_id: '{{ns}}', outputs: { g: groupId } }`
  const looked = `- { type: get_group_metadata, node: b, group_id: '{{g}}', outputs: { r: name } }`
  expect(at(steps(made, looked))).toEqual(['6 read-without-barrier'])
  expect(linted(steps(set('a'), group, get('b'), holds))).toEqual([
    '7 read-without-barrier nothing makes sure that b has what "set" wrote on a in line 5; the wait_for_sync in line 6 compares something else',
  ])
})

test('a pause before a join costs time only', () => {
  const join = `- { type: join_namespace, node: b, namespace_id: '{{ns}}', invitation: '{{app}}' }`
  const pause = '- { type: wait, seconds: 5 }'
  expect(at(steps(pause, join))).toEqual(['5 sleep-before-join'])
  expect(at(steps(pause, set('a'), join))).toEqual([])
  expect(at(steps('- { type: disconnect_node, node: b }', pause, join))).toEqual([])
  expect(at(steps(pause, join), '\ntopology: { type: nat, nat_mode: cone }')).toEqual([])
})

test('after a cascade there is a step that waits for its end', () => {
  const cascade = `- { type: cascade_namespace_application, node: a, namespace_id: '{{ns}}', target_application_id: '{{app}}' }`
  const status = `- { type: get_cascade_status, node: a, namespace_id: '{{ns}}', outputs: { done: completed } }`
  const look = `- { type: assert, statements: ['{{done}} == 1'] }`
  const pause = '- { type: wait, seconds: 5 }'
  expect(at(steps(cascade, pause, status, look))).toEqual(['6 sleep-as-barrier'])
  expect(
    at(steps(cascade, `- { type: assert_cascade_complete, node: a, namespace_id: '{{ns}}' }`, pause, status, look)),
  ).toEqual([])
  expect(at(steps(cascade, pause, status))).toEqual([])
})

test('a node that is down does not answer', () => {
  const stop = '- { type: stop_node, nodes: [a, b] }'
  expect(at(steps(stop, get('b')))).toEqual(['6 node-not-running'])
  expect(at(steps(stop, get('c')))).toEqual([])
  expect(at(steps(stop, '- { type: start_node, nodes: b }', get('b')))).toEqual([])
  expect(at(steps('- { type: pause_container, container: b }', sync('a', 'b')))).toEqual(['6 node-not-running'])
  expect(at(steps(stop, get('b', 'k', ', expected_failure: true')))).toEqual([])
})

test('a node that a fault has stopped or paused answers again after the step that makes it run', () => {
  const after = (begun: string, mended: string) =>
    at(steps(`- { type: fault, fault: ${begun} }`, `- { type: ${mended} }`, set('a'), get('b'), holds))
  expect(after('kill, nodes: b', 'start_node, nodes: b')).toEqual(['8 read-without-barrier'])
  expect(after('stop, nodes: b', 'restart_container, container: b')).toEqual(['8 read-without-barrier'])
  expect(after('pause, nodes: b', 'unpause_container, container: b')).toEqual(['8 read-without-barrier'])
  expect(after('kill, nodes: [b, c]', 'start_node, nodes: c')).toEqual(['8 node-not-running'])
  expect(after('disk_full, nodes: b', 'restart_container, container: b')).toEqual([])
})

test('what fault has begun is so until it is healed', () => {
  const fault = (fields: string) => `- { type: fault, fault: ${fields} }`
  const heal = (fields: string) => `- { type: heal, ${fields} }`
  expect(linted(steps(fault('kill, nodes: [a, b]'), get('b')))).toContain(
    '6 node-not-running b is stopped since line 5: this step fails',
  )
  expect(at(steps(fault('pause, nodes: b, for: 2s'), get('b')))).toEqual([])
  expect(at(steps(fault('stop, nodes: b'), heal('nodes: b'), get('b')))).toEqual([])
  for (const cut of [
    'partition, groups: [[a, c], [b]]',
    'hold, to: b',
    'disk_full, nodes: b',
    'drop, from: a, to: b',
  ]) {
    const begun = fault(`${cut}, as: x`)
    expect([cut, at(steps(begun, set('a'), get('b'), holds))]).toEqual([cut, []])
    expect([cut, at(steps(begun, set('a'), heal('fault: x'), get('b'), holds))]).toEqual([
      cut,
      ['8 read-without-barrier'],
    ])
  }
  expect(at(steps(fault('loss, nodes: b, percent: 5'), set('a'), get('b'), holds))).toEqual(['7 read-without-barrier'])
})

test('a kind of which nothing is known is taken to wait for everything', () => {
  const unknown =
    '- { type: fuzzy_test, duration_minutes: 1, context_id: x, nodes: [{ name: a }], operations: [{ name: o, steps: [{ type: wait, seconds: 1 }] }] }'
  expect(at(steps(set('a'), unknown, get('b'), holds))).toEqual([])
})

test('a barrier that may be left out is none', () => {
  const maybe = (condition: string) => sync('a', 'b').replace('type:', `if: ${condition}, type:`)
  expect(at(steps(set('a'), maybe("'{{ctx}} == x'"), get('b'), holds))).toEqual(['7 read-without-barrier'])
  expect(at(steps(set('a'), maybe('true'), get('b'), holds))).toEqual([])
})

test('a barrier that is left out with the write or with the check is one', () => {
  const under = (condition: string, step: string) => step.replace('type:', `if: "${condition}", type:`)
  const sure = under('{{ctx}} == x', sync('a', 'b'))
  const check = [get('b'), holds]
  expect(at(steps(set('a'), sure, ...check.map((step) => under('{{ctx}} == x', step))))).toEqual([])
  expect(at(steps(under('{{ctx}} == x', set('a')), sure, ...check))).toEqual([])
  expect(at(steps(set('a'), sure, under('{{ctx}} == y', get('b')), holds))).toEqual(['7 read-without-barrier'])
  expect(at(steps(set('a'), under('{{ctx}} == x', `- { type: block, steps: [${sync('a', 'b').slice(2)}] }`)))).toEqual(
    [],
  )
})

describe('under a fault of any kind', () => {
  const fault = (fields: string) => `- { type: fault, fault: ${fields} }`
  const pause = '- { type: wait, seconds: 3 }'
  const checks = (...lines: string[]) => {
    const text = fileWith(steps(...lines, get('b'), holds))
    const { findings } = lintWorkflow({ file: 'w.yml', text })
    const ofOrder = findings.filter(({ rule }) => rule === 'sleep-as-barrier' || rule === 'read-without-barrier')
    return { rules: ofOrder.map(({ rule }) => rule), fixed: fixWorkflow({ file: 'w.yml', text }).fixed.length }
  }

  test.each([
    'loss, percent: 100, nodes: [a]',
    'delay, ms: 1500, nodes: [a]',
    'bandwidth, bytes_per_second: 100, nodes: [a]',
    'clock_skew, ms: 1000, nodes: [c]',
    'hold, from: a, to: c',
    'loss, percent: 100, nodes: [a], for: 1s',
  ])('a pause is left alone, and no barrier is put there: %s', (fields) => {
    expect(checks(fault(`${fields}, as: x`), set('a'), pause)).toEqual({ rules: [], fixed: 0 })
    expect(checks(fault(`${fields}, as: x`), set('a'))).toEqual({ rules: ['read-without-barrier'], fixed: 0 })
    const healed = ['fault: x', 'all: true', `nodes: ${fields.includes('[c]') ? 'c' : 'a'}`]
    for (const heal of healed) {
      const after = checks(fault(`${fields}, as: x`), `- { type: heal, ${heal} }`, set('a'), pause)
      expect([heal, after]).toEqual([heal, { rules: ['sleep-as-barrier'], fixed: 1 }])
    }
  })

  test('one that may not have been healed counts as on, one that a group beside makes, too', () => {
    const begun = fault('loss, percent: 100, nodes: [a], as: x')
    expect(checks(begun, "- { type: heal, fault: x, if: '{{ctx}} == 1' }", set('a'))).toMatchObject({ fixed: 0 })
    expect(checks(begun, '- { type: heal, fault: y }', set('a'))).toMatchObject({ fixed: 0 })
    const beside = (other: string) =>
      fixWorkflow({
        file: 'w.yml',
        text: fileWith(
          `- type: parallel\n  groups:\n    - steps: [${other}]\n    - steps:\n${[set('a'), get('b'), holds].map((line) => `        ${line}`).join('\n')}`,
        ),
      }).fixed.length
    expect(beside(begun.slice(2))).toBe(0)
    expect(beside('{ type: wait, seconds: 1 }')).toBe(1)
  })

  test('a later iteration counts for the check of the first one', () => {
    const body = (last: string) => [set('a'), get('b'), holds, last].map((line) => `    ${line}`).join('\n')
    const fixes = (last: string) =>
      fixWorkflow({ file: 'w.yml', text: fileWith(`- type: repeat\n  count: 2\n  steps:\n${body(last)}`) }).fixed.length
    expect(fixes(fault('loss, percent: 100, nodes: [a], as: x'))).toBe(0)
    expect(fixes(pause)).toBe(1)
  })

  test('a node that a fault has killed and a step has started again is a fault no more', () => {
    const killed = fault('kill, nodes: [c]')
    expect(checks(killed, set('a'))).toMatchObject({ fixed: 0 })
    expect(checks(killed, '- { type: start_node, nodes: [c] }', set('a'))).toMatchObject({ fixed: 1 })
  })
})
