import { expect, test } from 'vitest'
import { awaitNodeMesh } from './await-mesh.ts'
import type { RunningNode } from './driver.ts'
import { DriverError } from './errors.ts'

const { signal } = new AbortController()
const ADDED = '/ip4/127.0.0.1/tcp/9'

/** A node that never has more peers than this. */
function nodeOf(seen: string, siblings: string[], bootstrapNodes?: string[]) {
  const spec = { bootstrap: siblings, ...(bootstrapNodes && { bootstrapNodes }) }
  const node = { name: 'n1', url: 'http://127.0.0.1:1', spec } as unknown as RunningNode
  const meshed = () => Promise.reject(new DriverError('MESH_TIMEOUT', 'not meshed', { data: { seen } }))
  return awaitNodeMesh({ meshed }, node, { signal, readyTimeoutMs: 5_000 })
}

const has = (count: number, needed: number) =>
  `HTTP 503: connected to ${count} of ${needed} nodes, ${count} greeted, ${count} reached by gossip`

test('who is added to the nodes of a run and does not answer is named, and keeps nobody from starting', async () => {
  const warning = 'node n1 goes on without /ip4/127.0.0.1/tcp/9 of bootstrap_nodes, which did not answer'
  expect(await nodeOf(has(0, 1), [], [ADDED])).toBe(warning)
  expect(await nodeOf(has(1, 2), ['/ip4/127.0.0.1/tcp/8'], [ADDED])).toBe(warning)
})

test('the nodes of the run itself are waited for to the end', async () => {
  await expect(nodeOf(has(0, 2), ['/ip4/127.0.0.1/tcp/8'], [ADDED])).rejects.toThrow('not meshed')
  await expect(nodeOf(has(0, 1), ['/ip4/127.0.0.1/tcp/8'])).rejects.toThrow('not meshed')
  await expect(nodeOf('HTTP 503: starting', [], [ADDED])).rejects.toThrow('not meshed')
})
