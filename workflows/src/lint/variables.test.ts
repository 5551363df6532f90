import { expect, test } from 'vitest'
import { linted, places } from './sample-lint.ts'

const get = (outputs: string, more = '') =>
  `- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: k }, outputs: ${outputs}${more} }`
const look = (text: string) => `- { type: assert, statements: ["${text}"] }`

test('a capture is used by any placeholder, in nested steps and keys of every step, too', () => {
  const unused = (steps: string) => places(steps, ['unused-capture'])
  expect(unused(get('{ r: result }'))).toEqual(['5 unused-capture'])
  expect(unused(`${get('{ r: result }')}\n${look("contains({{ r }}, 'v')")}`)).toEqual([])
  expect(unused(`${get('{ r: result }')}\n- { type: wait, seconds: 1, name: 'after {{r}}' }`)).toEqual([])
  expect(unused(`${get('{ r: result }')}\n- { type: wait, seconds: 1, if: '{{r}} == 1' }`)).toEqual([])
  expect(
    unused(
      `${get('{ r: result }')}\n- { type: block, steps: [{ type: repeat, count: 1, steps: [${look('is_set({{r}})').slice(2)}] }] }`,
    ),
  ).toEqual([])
  expect(
    unused(
      `${get('{ r: result }')}\n- { type: repeat, count: 2, outputs: { s: r }, steps: [${look('is_set({{s}})').slice(2)}] }`,
    ),
  ).toEqual([])
  expect(unused(`${get('{ r: result }')}\n- { type: script, script: s.sh, target: local }`)).toEqual([])
  expect(unused(`- { type: script, script: s.sh, target: local }\n${get('{ r: result }')}`)).toEqual([
    '6 unused-capture',
  ])
  const renamed = get("{ x: { field: result, target: 'r_{node_name}' } }")
  expect(unused(renamed)).toEqual(['5 unused-capture'])
  expect(unused(`${renamed}\n${look('is_set({{r_a}})')}`)).toEqual([])
})

test('what a reply may lack is captured to see that it is there', () => {
  expect(places(get('{ deep: result.output.list.0 }'))).toEqual([])
  expect(places(`- { type: get_group_metadata, node: a, group_id: '{{ns}}', outputs: { n: name } }`)).toEqual([])
})

test('a read that nobody looks at is more than a capture that is left over', () => {
  expect(linted(get('{ r: result }'))).toEqual([
    '5 unused-capture what "get" returns is captured as "r", and no statement looks at it',
  ])
  expect(linted(`${get('{ r: result, s: result.output }')}\n${look('is_set({{s}})')}`)).toEqual([
    '5 unused-capture the variable "r" is captured and never used',
  ])
  expect(linted(get('{ r: result }', ', expect: { output: v }'))).toEqual([
    '5 unused-capture the variable "r" is captured and never used',
  ])
})

test('an unknown placeholder fails what judges, and becomes text elsewhere', () => {
  const outcomes = (steps: string) =>
    linted(steps).flatMap((line) => / sets the variable "nope": (.*)$/.exec(line)?.slice(1) ?? [])
  const read = (more: string) =>
    `- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: k }, ${more} }`
  expect(outcomes(look('{{nope}} == 1'))).toEqual(['the statement fails'])
  expect(outcomes(`- { type: json_assert, statements: ['json_equal({{nope}}, 1)'] }`)).toEqual(['the statement fails'])
  expect(outcomes(`- { type: assert, name: 'of {{nope}}', statements: ['1 == 1'] }`)).toEqual(['it becomes text'])
  expect(outcomes(`- { type: assert_api_response, node: a, path: '/x/{{nope}}', match: { a: '{{nope}}' } }`)).toEqual([
    'the step fails',
    'the step fails',
  ])
  expect(outcomes(read("expect: ['{{nope}} == 1']"))).toEqual(['the step fails'])
  expect(outcomes(read("expect: { output: '{{nope}}' }"))).toEqual(['the step fails'])
  expect(outcomes(read("if: '{{nope}} == 1'"))).toEqual(['the step fails'])
  expect(outcomes(read("token: '{{nope}}'"))).toEqual(['it becomes text'])
  const sync = `- { type: wait_for_sync, nodes: [a, b], context_id: '{{ctx}}', expect: { method: get, equals: '{{nope}}' } }`
  expect(outcomes(sync)).toEqual(['it becomes text'])
})

test('placeholders and quotes that are used in another way than they look', () => {
  const call = (args: string) => places(`- { type: call, node: a, context_id: '{{ctx}}', method: set, args: ${args} }`)
  expect(call("{ key: ' {{app}}' }")).toEqual(['5 padded-placeholder'])
  expect(call('{ key: ["{{app}}\\n"] }')).toEqual(['5 padded-placeholder'])
  expect(call("{ key: ' {{app}} {{ns}} ' }")).toEqual([])
  expect(call("{ key: '{{ app }}' }")).toEqual([])
  expect(call(`{ key: "'red'" }`)).toEqual(['5 lost-quotes'])
  expect(call(`{ key: '"{{app}}"' }`)).toEqual(['5 lost-quotes'])
  expect(call(`{ key: "'a' or 'b {{app}}'" }`)).toEqual([])
  expect(call(`{ key: "it's" }`)).toEqual([])
  expect(places(look(`contains('red', {{app}})`))).toEqual([])
  const data = `- { type: set_group_metadata, node: a, group_id: '{{ns}}', data: { '{{app}}': x } }`
  expect(places(data)).toEqual(['5 literal-placeholder'])
  expect(places(get("{ r: { field: result, target: 'x_{{app}}' } }"), ['literal-placeholder'])).toEqual([
    '5 literal-placeholder',
  ])
})

test('the result of a call in a text is named, but not its output, not where another step sets it, not for people', () => {
  const read = (outputs: string) =>
    `- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: k }, outputs: ${outputs} }`
  const write = (value: string) =>
    `- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: c, value: ${value} } }`
  const of = (...steps: string[]) => places(steps.join('\n'), ['map-in-text'])
  expect(of(read('{ r: result }'), write("'was {{r}}'"))).toEqual(['6 map-in-text'])
  expect(of(read('{ x: { field: result, target: r } }'), write("['{{ r }}!']"))).toEqual(['6 map-in-text'])
  expect(of(read('{ r: result }'), write("'{{r}}'"))).toEqual([])
  expect(of(read('{ r: result.output }'), write("'was {{r}}'"))).toEqual([])
  expect(of(read('{ r: result }'), read('{ r: result.output }'), write("'was {{r}}'"))).toEqual([])
  const lent = write("'was {{r}}'").replace('type: call', 'vars: { r: red }, type: call')
  expect(of(read('{ r: result }'), lent)).toEqual([])
  expect(of(read('{ r: result }'), `- { type: wait, seconds: 1, name: 'after {{r}}' }`)).toEqual([])
  expect(of(read('{ r: result }'), look("contains({{r}}, 'v')"))).toEqual([])
})

test('placeholders that become text', () => {
  const call = (value: string) =>
    `- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: ${value} } }`
  expect(linted(call("'{{nope}}'"))).toEqual([
    '5 unknown-placeholder no step before this one sets the variable "nope": it becomes text',
  ])
  expect(places(call("'{{ctx}}{{app}}'"))).toEqual(['5 glued-placeholders'])
  expect(places(call("'{{ctx}} and {{app}} '"))).toEqual([])
  const judged = (keys: string) => places(`${call("'{{ctx}}'").slice(0, -2)}, ${keys} }`)
  expect(judged("if: '{{ctx}} != {{app}}'")).toEqual([])
  expect(judged("expect: ['{{reply}} == {{app}}', { statement: 'equal({{output}}, {{app}})' }]")).toEqual([])
  expect(judged("if: ['{{ctx}}{{app}} == x', '{{ctx}} == {{app}}']")).toEqual(['5 glued-placeholders'])
  expect(judged("expect: { output: '{{ctx}}-{{app}}' }")).toEqual(['5 glued-placeholders'])
  expect(places(look('{{ctx}}-{{app}} == x'))).toEqual(['5 glued-placeholders'])
  expect(places(look('contains({{ctx}}, {{app}})'))).toEqual([])
  expect(places(`- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { 'k_{{app}}': v } }`)).toEqual([
    '5 literal-placeholder',
  ])
  expect(places(`- { type: assert_log_present, nodes: [a], patterns: ['of {{app}}'] }`)).toEqual([
    '5 literal-placeholder',
  ])
  const fuzzy = (step: string) =>
    `- { type: fuzzy_test, duration_minutes: 1, context_id: '{{ctx}}', nodes: [{ name: a }], operations: [{ name: o, steps: [${step.slice(2)}] }] }`
  expect(places(fuzzy(call("'{{uuid}}-{{random_int(1, 2)}}'")))).toEqual([])
})
