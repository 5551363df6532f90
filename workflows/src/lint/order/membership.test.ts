import { expect, test } from 'vitest'
import { places } from '../sample-lint.ts'

const at = (...lines: string[]) =>
  places(lines.join('\n'), ['read-without-barrier', 'barrier-misses-node', 'sleep-as-barrier'])

const set = (node: string) =>
  `- { type: call, node: ${node}, context_id: '{{ctx}}', method: set, args: { key: k, value: v } }`
const get = (node: string) =>
  `- { type: call, node: ${node}, context_id: '{{ctx}}', method: get, args: { key: k }, outputs: { r: result } }`
const pause = '- { type: wait, seconds: 1 }'
const sync = `- { type: wait_for_sync, nodes: [a, b], context_id: '{{ctx}}' }`
const identity = (node: string) => `- { type: node_identity, node: ${node}, outputs: { of_${node}: accountId } }`
const remove = (account: string, more = '') =>
  `- { type: remove_group_members, node: a, group_id: '{{ns}}', members: ['${account}']${more} }`
const add = `- { type: add_group_members, node: a, group_id: '{{ns}}', members: [{ identity: '{{of_c}}', role: Member }] }`
const join = `- { type: join_namespace, node: c, namespace_id: '{{ns}}', invitation: x }`

test.each([
  ['reads', [get('c')], []],
  ['reads behind a barrier of the others', [sync, get('c')], []],
  ['reads behind a pause', [pause, get('c')], []],
])('no barrier is advised over a member that was removed: it %s', (_, lines, found) => {
  expect(at(identity('c'), remove('{{of_c}}'), set('a'), ...lines)).toEqual(found)
})

test('nor over one that has left, one that was written by it, or one of an account that is not known', () => {
  expect(at(`- { type: leave_namespace, node: c, namespace_id: '{{ns}}' }`, set('a'), get('c'))).toEqual([])
  expect(at(identity('c'), set('c'), remove('{{of_c}}'), get('a'))).toEqual([])
  expect(at(remove('{{who}}'), set('a'), get('c'))).toEqual([])
})

test('the others are checked as before, and so is whoever is a member again', () => {
  expect(at(identity('c'), remove('{{of_c}}'), set('a'), get('b'))).toEqual(['8 read-without-barrier'])
  expect(at(identity('c'), remove('{{of_c}}', ', expected_failure: true'), set('a'), get('c'))).toHaveLength(1)
  expect(at(identity('c'), remove('{{of_c}}'), add, set('a'), get('c'))).toEqual(['9 read-without-barrier'])
  expect(at(identity('c'), remove('{{of_c}}'), join, set('a'), get('c'))).toEqual(['9 read-without-barrier'])
})
