import { expect, test } from 'vitest'
import type { LinkRule } from '../../driver/kernel-links.ts'
import { KernelFaults } from './kernel-faults.ts'

const signal = new AbortController().signal

function scene() {
  const on = new Map<string, LinkRule>()
  const notes: string[] = []
  const links = {
    refusal: async ({ delayMs }: LinkRule) => (delayMs === undefined ? undefined : 'the kernel has no netem'),
    put: async (node: string, id: string, rule: LinkRule) => void on.set(`${node}/${id}`, rule),
    take: async (node: string, id: string) => void on.delete(`${node}/${id}`),
  }
  const ids = new Map([
    ['a', 'peer-a'],
    ['b', 'peer-b'],
  ])
  const kernel = new KernelFaults(links, ids, (level, message) => notes.push(`${level}: ${message}`))
  return { on, notes, kernel }
}

test('peers are told by the names of their nodes; one that is no node of the run is for the node itself', async () => {
  const { on, kernel, notes } = scene()
  const rule = { direction: 'both', blocked: true, peers: ['peer-b'] }
  expect(await kernel.accepts({ name: 'a' }, rule, { signal })).toBe(true)
  await kernel.put('a', 'F', rule, { signal })
  expect([...on]).toEqual([['a/F', { direction: 'both', blocked: true, peers: ['b'] }]])
  expect(await kernel.accepts({ name: 'a' }, { ...rule, peers: ['stranger'] }, { signal })).toBe(false)
  expect(notes.at(-1)).toMatch(/^warning: .*no nodes of this run/)
})

test('what falls back to the nodes is said with the reason, once', async () => {
  const { kernel, notes } = scene()
  const rule = { direction: 'out', delayMs: 5 }
  for (const name of ['a', 'b']) expect(await kernel.accepts({ name }, rule, { signal })).toBe(false)
  expect(notes).toEqual([
    'warning: faults of connections (delayMs) are made by the nodes, not in the kernel: the kernel has no netem',
  ])
  expect(await kernel.accepts({ name: 'a' }, { disk: 'full' }, { signal })).toBe(false)
  expect(notes).toHaveLength(1)
})

test('a node that starts anew keeps away by itself from those that are cut off from it, until they know it', async () => {
  const { kernel } = scene()
  const rule = { direction: 'out', blocked: true, peers: ['peer-b'] }
  await kernel.put('a', 'F', rule, { signal })
  const rules = new Map([['a', new Map([['F', rule]])]])
  expect(kernel.cutsOffFrom('b', rules)).toEqual([
    { id: 'until a knows b again, in', direction: 'in', blocked: true, peers: ['peer-a'] },
  ])
  expect(kernel.cutsOffFrom('a', rules)).toEqual([])
  await kernel.take('a', 'F', { signal })
  expect(kernel.cutsOffFrom('b', rules)).toEqual([])
})
