// Files of a few steps on one node, and how their steps ended.
import type { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext, type YamlRun } from '../../testing/run-yaml.ts'

export const CALL = "type: call, node: n-1, context_id: '{{context_id}}'"
export const set = (key: string, value: string, more = '') =>
  `  - { name: set, ${CALL}, method: set, args: { key: '${key}', value: '${value}' }${more} }\n`
export const get = (more: string, key = 'a') =>
  `  - { name: get, ${CALL}, method: get, args: { key: ${key} }, ${more} }\n`
export const run = (steps: string, options = {}) => runYaml(withContext(steps), options)

/** Names of the steps that ended, behind those that make the context. */
export function ends({ events }: YamlRun): string[] {
  const ended = events.flatMap((event) => (event.type === 'step:end' ? [event] : []))
  return ended
    .slice(5)
    .map(({ step, outcome, summary }) => `${step.name}: ${outcome}${summary === undefined ? '' : `, ${summary}`}`)
}

export function calls(network: FixtureNetwork): unknown[] {
  const bodies = network
    .node('n-1')
    .requests.filter(({ path }) => path === '/jsonrpc')
    .map(({ body }) => body)
  return bodies.map((body) => (body as { params: { argsJson: unknown } }).params.argsJson)
}
