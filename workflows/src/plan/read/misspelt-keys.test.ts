import { expect, test } from 'vitest'
import { plan } from '../sample-plan.ts'

const STEPS = 'steps:\n  - { type: call, node: n-1, context_id: c, method: m }\n'

function found(text: string, request: Parameters<typeof plan>[1] = {}): string[] {
  return plan(text, request).problems.map(({ severity, line, message, hint }) =>
    [`${line} ${severity} ${message}`, ...(hint === undefined ? [] : [hint])].join(' | '),
  )
}

test('a key that every workflow has, in capitals, is the only problem of the file', () => {
  const text = `Name: t\nNodes: { count: 1, prefix: n }\n${STEPS}`
  expect(found(text)).toEqual([
    '1 error the top-level key "Name" is unknown | did you mean "name"?',
    '2 error the top-level key "Nodes" is unknown | did you mean "nodes"?',
  ])
  expect(found('name: t\nRemote-Nodes: { n-1: { url: "http://h" } }\n')).toContain(
    '2 error the top-level key "Remote-Nodes" is unknown | did you mean "remote_nodes"?',
  )
})

test('steps under a misspelt name are not a workflow without steps', () => {
  for (const key of ['step', 'Steps', 'setps']) {
    const text = `name: t\nnodes: { count: 1, prefix: n }\n${STEPS.replace('steps', key)}`
    expect(found(text)).toEqual([`3 error the top-level key "${key}" is unknown | did you mean "steps"?`])
  }
})

test('where there are no nodes at all, names of nodes are not said to be unknown', () => {
  expect(found(`name: t\n${STEPS}`)).toEqual([
    '1 error the file has neither "nodes" nor "remote_nodes" | write nodes: with count: 2 below it',
  ])
})

test('a part that other files include is told from a workflow', () => {
  const hint = 'validate a file that includes it, where it is such a part; a workflow starts with name: and nodes:'
  expect(found(STEPS)).toEqual([`1 error the file has neither "name" nor "nodes": alone it cannot be run | ${hint}`])
  expect(found('- { type: call }\n')[0]).toContain('a list of steps is a part: validate a file that includes it')
})

test('keys that begin with x- are for anchors', () => {
  const text = `x-node: &it n-1\nname: t\nnodes: { count: 1, prefix: n }\n${STEPS.replace('n-1', '*it')}`
  expect(found(text)).toEqual([])
})

test('a variable that the url of a node needs is an error where the file is going to be run', () => {
  const text = `name: t\nremote_nodes:\n  n-1: { url: "\${R_URL}" }\n${STEPS}`
  const message = `the environment variable R_URL is not set | set it, or write \${R_URL:-default}`
  expect(found(text)).toEqual([`3 error ${message}`])
  expect(found(text, { absentFiles: 'warning' })).toEqual([`3 warning ${message}`])
  expect(found(text, { remoteNodeNames: ['n-1'] })).toEqual([`3 warning ${message}`])
  expect(found(text, { environment: { R_URL: 'http://h' } })).toEqual([])
})
