import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { NodeClient } from '../../client/node-client.ts'
import { faultsOn } from '../../testing/fixture-faults.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { startFixtureNode } from '../../testing/fixture-server.ts'
import { FakeStepClock } from '../../testing/run-yaml.ts'
import { type FaultyNode, NodeFaults } from './node-faults.ts'
import { ActiveFaults } from './run-faults.ts'
import { takeOverFaults } from './take-over-faults.ts'

const signal = new AbortController().signal
const network = new FixtureNetwork()
afterAll(() => network.close())

async function scene(name: string) {
  const fixture = network.node(name)
  const node = { name, running: true, client: new NodeClient(await startFixtureNode(fixture)) }
  const nodeFaults = new NodeFaults(() => node)
  return { fixture, node, nodeFaults, port: nodeFaults.portOf(node), on: faultsOn(fixture) }
}

test('what a node may have put on though its answer was lost is taken off again', async () => {
  const { fixture, port, on } = await scene('lost')
  on.set('F', { disk: 'full' })
  fixture.faults.push({ method: 'POST', path: /faults/, answer: 'drop', times: 1 })
  await expect(port.put('F', { disk: 'full' }, { signal })).rejects.toThrow()
  await port.take('F', { signal })
  expect([...on.keys()]).toEqual([])
})

test('what could not be taken off is asked for again, and what a node refused is not on after its restart', async () => {
  const { fixture, nodeFaults, port, on } = await scene('again')
  await port.put('F', { disk: 'full' }, { signal })
  fixture.faults.push({ method: 'DELETE', path: /faults/, answer: 'drop', times: 1 })
  await expect(port.take('F', { signal })).rejects.toThrow()
  await port.take('F', { signal })
  expect([...on.keys()]).toEqual([])
  fixture.faults.push({ method: 'POST', path: /faults/, answer: { status: 400, body: {} }, times: 1 })
  await expect(port.put('G', { disk: 'full' }, { signal })).rejects.toThrow()
  expect(nodeFaults.ofNode('again')).toEqual([])
})

test('what a fault did before a restart of its node is counted, and unknown where the node did not tell', async () => {
  const { fixture, node, nodeFaults, port } = await scene('counts')
  await port.put('F', { message: { action: 'hold' } }, { signal })
  await nodeFaults.beforeStop(node, { signal })
  expect(await port.counts('F', { signal })).toEqual({ chosen: 2, matched: 4, held: 0 })
  node.running = false
  expect(await port.counts('F', { signal })).toEqual({ chosen: 1, matched: 2, held: 0 })
  node.running = true
  fixture.faults.push({ method: 'GET', path: /faults/, answer: 'drop', times: 1 })
  await nodeFaults.beforeStop(node, { signal })
  expect(await port.counts('F', { signal })).toBeUndefined()
})

test('faults that an earlier run has left are healed by their names, and make way for new ones', async () => {
  const { node, nodeFaults, port, on } = await scene('left')
  for (const id of ['F', 'G']) on.set(id, { disk: 'full' })
  const clock = new FakeStepClock()
  const faults = new ActiveFaults(() => undefined)
  const parts = { nodes: [node], nodeFaults, ports: () => port, faults, clock }
  expect(await takeOverFaults(parts, { signal })).toEqual(['F', 'G'])
  expect(nodeFaults.ofNode('left').map(({ id }) => id)).toEqual(['F', 'G'])
  expect(await faults.end('F', { signal })).toMatchObject({ nodes: ['left'] })
  expect([...on.keys()]).toEqual(['G'])
  const begin = async () => {
    await port.put('G', { disk: 'read_only' }, { signal })
  }
  const fault = { name: 'G', what: 'read_only of left', nodes: ['left'], clock, begin, end: async () => undefined }
  await faults.begin(fault, { signal })
  expect([...on]).toEqual([['G', { disk: 'read_only' }]])
})

test('a partition of an earlier run has both ends, and is over when either step of its kind healed it', async () => {
  const names = ['end-1', 'end-2']
  const nodes: FaultyNode[] = []
  for (const name of names) {
    nodes.push({ name, running: true, client: new NodeClient(await startFixtureNode(network.node(name))) })
  }
  const nodeFaults = new NodeFaults((name) => nodes.find((node) => node.name === name))
  const [one, other] = nodes
  if (one === undefined || other === undefined) return expect.unreachable()
  faultsOn(network.node('end-1')).set('apart from end-2', {
    direction: 'both',
    blocked: true,
    peers: ['peer-of-end-2'],
  })
  const faults = new ActiveFaults(() => undefined)
  const ports = (name: string) => nodeFaults.portOf(name === 'end-1' ? one : other)
  await takeOverFaults({ nodes, nodeFaults, ports, faults, clock: new FakeStepClock() }, { signal })
  expect(faults.active()).toMatchObject([{ what: 'apart from end-2 (end-1, end-2), of an earlier run', nodes: names }])
  await nodeFaults.linksOf(other).heal(['end-1'], { signal })
  expect(faults.active()).toEqual([])
})

test('two that degrade one node beside each other are both on, each until its own end, and what an earlier run left stays', async () => {
  const { node, nodeFaults, on } = await scene('degraded')
  on.set('degraded 1', { delayMs: 1, direction: 'out' })
  await nodeFaults.takeOver(node, { signal })
  const links = nodeFaults.linksOf(node)
  const delays = () => [...on.values()].map((rule) => (rule as { delayMs?: number }).delayMs)
  const bothOn = Promise.withResolvers<void>()
  const shortIsOver = Promise.withResolvers<void>()
  const short = links.degrade({ delayMs: 2 }, () => bothOn.promise, { signal })
  const long = links.degrade(
    { delayMs: 3 },
    async () => {
      while (delays().length < 3) await setImmediate()
      expect(delays().toSorted()).toEqual([1, 2, 3])
      bothOn.resolve()
      await shortIsOver.promise
      expect(delays()).toEqual([1, 3])
    },
    { signal },
  )
  await short
  shortIsOver.resolve()
  await long
  expect(delays()).toEqual([1])
})

test('what the kernel makes is handed over to each node that can take it, and the rest is told', async () => {
  const { node, on } = await scene('hands')
  let isGone = true
  const links = {
    refusal: async () => undefined,
    put: async () => undefined,
    take: async (_node: string, id: string) => {
      if (isGone && id === 'F') throw new Error('No such image')
    },
  }
  const nodeFaults = new NodeFaults(() => node, { links, note: () => undefined })
  const port = nodeFaults.portOf(node)
  for (const id of ['F', 'G', 'H']) await port.put(id, { direction: 'out', lossPercent: 5 }, { signal })
  expect(await nodeFaults.handOver(node, { signal })).toEqual(['F of hands (No such image)'])
  expect([...on.keys()]).toEqual(['F', 'G', 'H'])
  isGone = false
  expect(await nodeFaults.handOver(node, { signal })).toEqual([])
})
