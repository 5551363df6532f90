import { expect, it } from 'vitest'
import { NAT_NODES_MAX } from '../limits.ts'
import { BOOT_HOST, namespaceOf, natPlan, nodeHost, routerOf } from './nat-plan.ts'

const PIDS = [100, 101, 102, 103, 104]

const textOf = (mode: 'cone' | 'symmetric', program: 'nft' | 'iptables') =>
  natPlan(2, mode, program, PIDS)
    .map(({ namespace, command, args, stdin }) => `${namespace}: ${command} ${args.join(' ')} ${stdin ?? ''}`)
    .join('\n')

it('every node has a router and a network of its own, and all routers share the segment of the boot node', () => {
  expect([0, 1].map((node) => [routerOf(node), namespaceOf(node)])).toEqual([
    [1, 2],
    [3, 4],
  ])
  expect(new Set([0, 1, NAT_NODES_MAX - 1].map(nodeHost)).size).toBe(3)
  const text = textOf('cone', 'nft')
  expect(text).toContain(`addr add ${BOOT_HOST}/24 dev br0`)
  for (const pid of PIDS.slice(1)) expect(text).toContain(`netns ${pid}`)
})

it.each(['nft', 'iptables'] as const)('%s: only symmetric NAT takes other ports', (program) => {
  expect(textOf('symmetric', program)).toMatch(/fully-random|--random-fully/)
  expect(textOf('cone', program)).not.toContain('random')
})

it('more nodes than the segment has addresses for are refused', () => {
  expect(() => natPlan(NAT_NODES_MAX + 1, 'cone', 'nft', [])).toThrow(/at most 200/)
})
