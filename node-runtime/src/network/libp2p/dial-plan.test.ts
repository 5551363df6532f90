import { describe, expect, it } from 'vitest'
import { compareAddresses } from '../address.ts'
import { planDials } from './dial-plan.ts'

const places = (size: number) => Array.from({ length: size }, (_, index) => `/ip4/127.0.0.1/tcp/${9990 + index}`)

function graph(size: number, degree: number, known: (own: string, all: string[]) => string[]) {
  const all = places(size)
  const edges = all.flatMap((own) => planDials([own], known(own, all), degree).ours.map((to) => [own, to] as const))
  const reached = new Set<string>()
  const visit = (place: string): void => {
    if (reached.has(place)) return
    reached.add(place)
    for (const [from, to] of edges) {
      if (from === place) visit(to)
      if (to === place) visit(from)
    }
  }
  visit(all[0] ?? '')
  const degrees = all.map((place) => edges.filter(([from, to]) => from === place || to === place).length)
  return { edges, reached: reached.size, degrees }
}

describe('dial plan', () => {
  it.each([2, 3, 4, 5, 6, 7, 10, 11, 20, 50])('%i nodes become one graph in which each has its degree', (size) => {
    for (const known of [
      (_: string, all: string[]) => all,
      (own: string, all: string[]) => all.filter((p) => p !== own),
    ]) {
      const { edges, reached, degrees } = graph(size, 3, known)
      expect(reached).toBe(size)
      expect(Math.min(...degrees)).toBeGreaterThanOrEqual(Math.min(3, size - 1))
      expect(Math.max(...degrees)).toBeLessThanOrEqual(4)
      expect(new Set(edges.map((edge) => edge.toSorted().join())).size).toBe(edges.length)
    }
  })

  it('every node of a list is ours, theirs or spare', () => {
    const all = places(10)
    const plan = planDials([all[4] ?? ''], all, 3)
    const sorted = [...plan.ours, ...plan.theirs, ...plan.spares].sort(compareAddresses)
    expect(sorted).toEqual(all.filter((_, index) => index !== 4))
  })

  it('dials the only known node though that one does not know us', () => {
    const known = ['/ip4/127.0.0.1/tcp/1']
    const plan = planDials(['/ip4/127.0.0.1/tcp/2'], known, 3)
    expect([...plan.ours, ...plan.theirs]).toEqual(known)
  })

  it('keeps nodes together that do not know their own place in the list', () => {
    const all = ['/dns4/a/tcp/2428', '/dns4/b/tcp/2428', '/dns4/c/tcp/2428', '/dns4/d/tcp/2428', '/dns4/e/tcp/2428']
    const plans = all.map((_, index) => planDials([`/ip4/172.17.0.${9 - index}/tcp/2428`], all, 3))
    for (const plan of plans) expect(plan.ours).toContain('/dns4/a/tcp/2428')
  })

  it('has nothing to dial when it knows only itself', () => {
    expect(planDials(['/a'], ['/a'], 3)).toEqual({ ours: [], theirs: [], spares: [] })
  })

  it('orders numbers in addresses by value', () => {
    const mixed = ['/ip4/10.0.0.10/tcp/9', '/ip4/10.0.0.9/tcp/10', '/ip4/10.0.0.9/tcp/9']
    expect(mixed.toSorted(compareAddresses)).toEqual([
      '/ip4/10.0.0.9/tcp/9',
      '/ip4/10.0.0.9/tcp/10',
      '/ip4/10.0.0.10/tcp/9',
    ])
  })
})
