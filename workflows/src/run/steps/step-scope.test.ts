import { expect, test } from 'vitest'
import { runYaml, withContext } from '../../testing/run-yaml.ts'

test('what becomes of a text whose variable nobody has set is said as it is', async () => {
  const set = (value: string) =>
    `  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: '${value}' } }\n`
  const run = await runYaml(withContext(set('{{nope}}') + set('x{{gone}}y') + set('a}}b{{c')))
  expect(run.events.flatMap((event) => (event.type === 'step:note' ? event.message : []))).toEqual([
    '{{nope}} is not set: the text is passed on as it is',
    '{{gone}} in "x{{gone}}y" is not set: the name takes its place, without braces',
    'in "a}}b{{c" }} stands before {{: no placeholder is read, the text is passed on as it is',
  ])
  const sent = run.network
    .node('n-1')
    .requests.flatMap(({ path, body }) => (path === '/jsonrpc' ? [JSON.stringify(body)] : []))
  expect(sent.map((body) => /"value":"([^"]*)"/.exec(body)?.[1])).toEqual(['{{nope}}', 'xgoney', 'a}}b{{c'])
})
