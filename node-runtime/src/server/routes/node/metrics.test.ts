// What Prometheus is told of a node, and that it is told nothing of clients.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import about from '../../../../package.json' with { type: 'json' }
import { systemClock } from '../../../base/clock.ts'
import { idBase58 } from '../../../base/ids.ts'
import { type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { METRICS_AGE_MS } from '../../limits.ts'
import { loginFigures } from '../../metrics/client-figures.ts'
import { networkFigures } from '../../metrics/network-figures.ts'
import { type ServedNode, serve } from '../../testing/served-node.ts'

let world: TestWorld
let node: ServedNode
let kv: SharedContext
let aheadMs = 0
let stoppedAtMs: number | undefined

beforeAll(async () => {
  world = await TestWorld.open({ clock: { ...systemClock, nowMs: () => stoppedAtMs ?? systemClock.nowMs() + aheadMs } })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  node = await serve(world.get('ada').node)
})

afterAll(async () => {
  await node.close()
  await world.close()
})

/** Made anew. */
async function figures(): Promise<Map<string, number>> {
  aheadMs += METRICS_AGE_MS
  return sameFigures()
}

async function sameFigures(): Promise<Map<string, number>> {
  const { status, type, text } = await node.get('/metrics')
  expect([status, type]).toEqual([200, expect.stringContaining('text/plain')])
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const execute = (method: string, argsJson: object) =>
  node.post('/jsonrpc', {
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'execute',
      params: { contextId: idBase58(kv.contextId), method, argsJson },
    },
  })

test('requests are counted and timed by method, template and class of status', async () => {
  await node.get(`/admin-api/contexts/${idBase58(kv.contextId)}`)
  await node.get('/admin-api/contexts/abc')
  await node.get('/nothing')
  const seen = await figures()
  const counted = (path: string, status: string) =>
    ['http_requests_total', 'http_request_duration_seconds_count'].map((name) =>
      seen.get(`${name}{method="GET",path="${path}",status="${status}"}`),
    )
  expect(counted('/admin-api/contexts/:id', '2xx')).toEqual([1, 1])
  expect(counted('/admin-api/contexts/:id', '4xx')).toEqual([1, 1])
  expect(counted('none', '4xx')).toEqual([1, 1])
})

test('figures are made once for all who ask within a second', async () => {
  const asked = 'http_requests_total{method="GET",path="/metrics",status="2xx"}'
  await figures()
  stoppedAtMs = systemClock.nowMs() + aheadMs + METRICS_AGE_MS
  const first = (await sameFigures()).get(asked) ?? 0
  stoppedAtMs += METRICS_AGE_MS - 1
  expect((await sameFigures()).get(asked)).toBe(first)
  stoppedAtMs += 1
  expect((await sameFigures()).get(asked)).toBeGreaterThan(first)
  stoppedAtMs = undefined
})

test('calls into contexts are counted by how they ended', async () => {
  const answers = [
    await execute('set', { key: 'a', value: '1' }),
    await execute('get', { key: 'a' }),
    await execute('no_such_method', {}),
  ]
  expect(answers.map(({ text }) => text.includes('"result"'))).toEqual([true, true, false])
  const seen = await figures()
  expect(seen.get('context_runtime_execution_count_total{outcome="ok"}')).toBe(2)
  expect(seen.get('context_runtime_execution_count_total{outcome="failed"}')).toBe(1)
})

test('the node and its process say what they hold', async () => {
  const seen = await figures()
  const info = `merod_build_info{version="${about.version}",peer_id="${world.get('ada').peerId}"}`
  expect([seen.get(info), seen.get('delta_stores_count'), seen.get('calnode_namespaces')]).toEqual([1, 1, 1])
  for (const name of ['process_resident_memory_bytes', 'calnode_state_bytes', 'calnode_blob_bytes']) {
    expect([name, (seen.get(name) ?? 0) > 0]).toEqual([name, true])
  }
})

test('pulls are counted by how they ended', async () => {
  const { sync } = world.get('ada').node
  await sync.syncContext(kv.contextId, {})
  const seen = await figures()
  const { attempts, successes, failures, active } = sync.counts
  const names = ['attempts_total', 'successes_total', 'failures_total', 'sessions_active']
  expect(names.map((name) => seen.get(`sync_${name}`))).toEqual([attempts, successes, failures, active])
  expect([attempts > 0, successes + failures + active]).toEqual([true, attempts])
})

test('streams that clients read are counted', async () => {
  const gone = new AbortController()
  await fetch(`${node.url}/sse`, { signal: gone.signal })
  const seen = await figures()
  gone.abort()
  const names = ['calnode_sse_clients', 'calnode_websocket_clients', 'calnode_slow_clients_dropped_total']
  expect(names.map((name) => seen.get(name))).toEqual([1, 0, 0])
})

test('what comes over the network and what becomes of it is counted', async () => {
  const [ada, bob] = [world.get('ada'), world.get('bob')]
  await ada.node.sync.syncContext(kv.contextId, {})
  const { gossip } = ada.node.sync.counts
  const seen = await figures()
  expect(seen.get('network_event_channel_received_total')).toBeGreaterThanOrEqual(gossip.received)
  expect(seen.get('delta_outcomes_total{outcome="applied"}')).toBe(ada.node.applied.deltas)
  expect([ada.node.applied.deltas > 0, gossip.received > 0, gossip.dropped, gossip.diverged]).toEqual([
    true,
    true,
    0,
    0,
  ])
  expect(bob.node.sync.counts.gossip.received).toBeGreaterThan(0)
})

test('the page about metrics has each family as it is told, and no other', async () => {
  aheadMs += METRICS_AGE_MS
  const text = (await node.get('/metrics')).text
  const told = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(?:\1(?:_bucket)?(?:\{(.*)\})? )?/gm)].map(
    ([, name = '', help = '', type = '', labels = '']) => {
      const names = [...labels.matchAll(/(\w+)="/g)].flatMap(([, label]) => (label === 'le' ? [] : [label]))
      return rowOf({ name, help, type, labels: names.join(', ') })
    },
  )
  // Told where there are logins, or connections of libp2p, alone.
  const zero = { dialer: 0, listener: 0 }
  const counts = { dials: 0, failedDials: 0, opened: zero, closed: zero, identified: 0, streams: 0 }
  const others = [...networkFigures({ counts: () => counts }), ...loginFigures({ succeeded: 0, failed: 0, limited: 0 })]
  for (const { name, help, isCount, labels = {} } of others)
    told.push(rowOf({ name, help, type: isCount ? 'counter' : 'gauge', labels: Object.keys(labels).join(', ') }))
  const page = await readFile(new URL('../../../../../docs/metrics.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => /^\| `\w+` \| (?:counter|gauge|histogram) \|/.test(line))
  expect(rows.toSorted()).toEqual([...new Set(told)].toSorted())
})

const rowOf = ({ name, type, labels, help }: Record<'name' | 'type' | 'labels' | 'help', string>) =>
  `| \`${name}\` | ${type} | ${labels} | ${help} |`

test('what clients send is in no label', async () => {
  await node.get('/secret-path?token=secret-token')
  await node.get('/admin-api/applications/secret-id')
  aheadMs += METRICS_AGE_MS
  expect((await node.get('/metrics')).text).not.toContain('secret')
})
