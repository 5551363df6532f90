import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeltaId } from '../base/ids.ts'
import { Dag, type DagNode } from './dag.ts'
import { INVALID_REMEMBERED_MAX, PENDING_MAX } from './limits.ts'
import { filled, idOf, ids, n, readyIds, sorted } from './nodes.fixture.ts'

function chain(length: number): DagNode[] {
  const nodes: DagNode[] = []
  for (let i = 0; i < length; i++) nodes.push(i === 0 ? n('0', 1) : n(`${i}`, i + 1, `${i - 1}`))
  return nodes
}

describe('receiving', () => {
  test('an empty graph has no heads and nothing missing', () => {
    const dag = new Dag()
    expect(dag.heads()).toEqual([])
    expect(dag.newestHlc()).toBe(0n)
    expect(dag.missing(10)).toEqual([])
    expect(dag.stats()).toEqual({ ready: 0, pending: 0, heads: 0, missing: 0 })
  })

  test('a delta without parents stands on the base and is ready', () => {
    const dag = new Dag()
    expect(dag.receive(n('a', 1)).outcome).toBe('ready')
    expect(dag.heads()).toEqual(ids('a'))
  })

  test('a linear history has one head', () => {
    const dag = filled(n('a', 1), n('b', 2, 'a'), n('c', 3, 'b'))
    expect(dag.heads()).toEqual(ids('c'))
    expect(dag.size).toBe(3)
    expect(dag.newestHlc()).toBe(3n)
  })

  test('a delta is taken once, ready or pending', () => {
    const dag = filled(n('a', 1), n('c', 3, 'b'))
    expect(dag.receive(n('a', 1))).toMatchObject({ outcome: 'duplicate', ready: [] })
    expect(dag.receive(n('c', 3, 'b'))).toMatchObject({ outcome: 'duplicate', ready: [] })
    expect(dag.stats()).toMatchObject({ ready: 1, pending: 1 })
  })

  test('a pending duplicate says again what is missing, for another sender to ask', () => {
    const dag = filled(n('c', 3, 'b'))
    expect(dag.receive(n('c', 3, 'b')).missing).toEqual(ids('b'))
  })

  test('a delta with an unknown parent stays pending and leaves the heads alone', () => {
    const dag = filled(n('a', 1))
    const result = dag.receive(n('c', 3, 'b'))
    expect(result).toMatchObject({ outcome: 'pending', ready: [], missing: ids('b') })
    expect(dag.heads()).toEqual(ids('a'))
    expect([dag.has(idOf('c')), dag.isReady(idOf('c')), dag.pendingCount]).toEqual([true, false, 1])
  })

  test('only the parents that nobody here has are asked for', () => {
    const dag = filled(n('a', 1), n('c', 3, 'b'))
    const result = dag.receive(n('d', 4, 'a', 'c', 'x'))
    expect(result.missing).toEqual(ids('x'))
    expect(dag.missing(10)).toEqual(ids('b', 'x'))
    expect(dag.missing(1)).toEqual(ids('b'))
  })

  test('a late parent completes what waited, in canonical order', () => {
    const dag = filled(n('a', 1), n('d', 4, 'c'), n('c', 3, 'b'), n('e', 5, 'b'))
    const result = dag.receive(n('b', 2, 'a'))
    expect(result.outcome).toBe('ready')
    expect(readyIds(result.ready)).toEqual(ids('b', 'c', 'd', 'e'))
    expect(dag.heads()).toEqual(sorted('d', 'e'))
    expect(dag.stats()).toMatchObject({ pending: 0, missing: 0 })
  })

  test('a delta with several missing parents waits for the last of them', () => {
    const dag = filled(n('m', 9, 'a', 'b', 'c'))
    expect(dag.receive(n('a', 1)).ready.length).toBe(1)
    expect(dag.receive(n('c', 3)).ready.length).toBe(1)
    expect(readyIds(dag.receive(n('b', 2)).ready)).toEqual(ids('b', 'm'))
    expect(dag.heads()).toEqual(ids('m'))
  })

  test('a fork has two heads, a merge of all heads has one', () => {
    const dag = filled(n('a', 1), n('b', 2, 'a'), n('c', 2, 'a'), n('d', 2, 'a'))
    expect(dag.heads()).toEqual(sorted('b', 'c', 'd'))
    dag.receive(n('m', 3, 'b', 'c'))
    expect(dag.heads()).toEqual(sorted('m', 'd'))
    dag.receive(n('z', 4, 'd', 'm'))
    expect(dag.heads()).toEqual(ids('z'))
  })

  test('a fork in the past adds a head', () => {
    const dag = filled(...chain(5))
    dag.receive(n('side', 9, '1'))
    expect(dag.heads()).toEqual([idOf('4'), idOf('side')].sort())
  })

  test('a diamond that arrives tip first completes once', () => {
    const dag = filled(n('d', 4, 'b', 'c'), n('b', 2, 'a'), n('c', 3, 'a'))
    expect(readyIds(dag.receive(n('a', 1)).ready)).toEqual(ids('a', 'b', 'c', 'd'))
    expect(dag.heads()).toEqual(ids('d'))
  })

  test('a chain of 10,000 that arrives backwards completes without recursion', () => {
    const nodes = chain(PENDING_MAX + 1)
    const dag = filled(...nodes.slice(1).reverse())
    expect(dag.stats()).toEqual({ ready: 0, pending: PENDING_MAX, heads: 0, missing: 1 })
    const [first] = nodes
    if (first === undefined) throw new Error('empty chain')
    expect(readyIds(dag.receive(first).ready)).toEqual(readyIds(nodes))
    expect(dag.stats()).toEqual({ ready: PENDING_MAX + 1, pending: 0, heads: 1, missing: 0 })
  })

  test('thousands of branches on one parent complete together', () => {
    const branches = Array.from({ length: 3000 }, (_, i) => n(`branch ${i}`, i + 2, 'root'))
    const dag = filled(...branches)
    expect(dag.receive(n('root', 1)).ready.length).toBe(3001)
    expect(dag.heads().length).toBe(3000)
  })
})

describe('what is invalid', () => {
  test.each([
    ['earlier than a ready parent', [n('p', 5)], n('x', 4, 'p')],
    ['at the same stamp as a ready parent', [n('p', 5)], n('x', 5, 'p')],
    ['not later than a pending parent', [n('p', 5, 'absent')], n('x', 5, 'p')],
  ] as const)('a child %s is refused', (_name, before, node) => {
    const dag = filled(...before)
    const sizes = dag.stats()
    expect(dag.receive(node)).toMatchObject({ outcome: 'invalid', ready: [], invalid: [node.id] })
    expect(dag.stats()).toEqual(sizes)
    expect(dag.has(node.id)).toBe(false)
  })

  test('a parent named twice, or the delta itself, is refused', () => {
    const dag = filled(n('a', 1))
    expect(dag.receive({ id: idOf('x'), hlc: 2n, parents: ids('a', 'a') }).reason).toBe('names a parent twice')
    expect(dag.receive(n('y', 2, 'y')).reason).toBe('names itself as its parent')
  })

  test('a pending child that proves too early goes with everything on it; its siblings complete', () => {
    const dag = filled(n('early', 5, 'p'), n('on it', 8, 'early'), n('good', 6, 'p'), n('on both', 9, 'good', 'early'))
    const result = dag.receive(n('p', 5))
    expect(readyIds(result.ready)).toEqual(ids('p', 'good'))
    expect([...result.invalid].sort()).toEqual(sorted('early', 'on it', 'on both'))
    expect(dag.stats()).toEqual({ ready: 2, pending: 0, heads: 1, missing: 0 })
  })

  test('a pending parent drops its early children at once', () => {
    const dag = filled(n('early', 5, 'p'))
    const result = dag.receive(n('p', 5, 'absent'))
    expect(result).toMatchObject({ outcome: 'pending', invalid: ids('early'), missing: ids('absent') })
    expect(dag.pendingCount).toBe(1)
  })

  test('what builds on something invalid is invalid, whenever it arrives', () => {
    const dag = filled(n('p', 5), n('x', 5, 'p'))
    expect(dag.receive(n('y', 6, 'x')).outcome).toBe('invalid')
    expect(dag.receive(n('z', 7, 'y', 'p')).outcome).toBe('invalid')
    expect(dag.receive(n('x', 5, 'p')).outcome).toBe('invalid')
    expect(dag.pendingCount).toBe(0)
  })

  test('the memory of invalid ids is bounded; a forgotten one is found invalid again', () => {
    const dag = filled(n('p', 5), n('x', 5, 'p'))
    for (let i = 0; i < INVALID_REMEMBERED_MAX; i++) dag.receive(n(`bad ${i}`, 1, 'p'))
    expect(dag.receive(n('y', 6, 'x'))).toMatchObject({ outcome: 'pending', missing: ids('x') })
    expect(dag.receive(n('x', 5, 'p')).outcome).toBe('invalid')
    expect(dag.pendingCount).toBe(0)
  })
})

describe('pending at its cap', () => {
  test('the oldest is forgotten and may return', () => {
    const dag = new Dag()
    for (let i = 0; i < PENDING_MAX; i++) dag.receive(n(`w${i}`, 5, `absent${i}`))
    const result = dag.receive(n('one more', 5, 'absent'))
    expect(result.evicted).toEqual(ids('w0'))
    expect(dag.pendingCount).toBe(PENDING_MAX)
    expect(dag.missing(1)).toEqual(ids('absent1'))
    expect(dag.has(idOf('w0'))).toBe(false)
    expect(dag.receive(n('w0', 5, 'absent0')).evicted).toEqual(ids('w1'))
  })

  test('whoever waits for the forgotten one asks for it', () => {
    const dag = filled(n('b', 2, 'a'), n('c', 3, 'b'))
    expect(dag.missing(9)).toEqual(ids('a'))
    expect(dag.forget(idOf('b'))).toBe(true)
    expect(dag.missing(9)).toEqual(ids('b'))
    expect(dag.receive(n('b', 2, 'a')).outcome).toBe('pending')
    expect(readyIds(dag.receive(n('a', 1)).ready)).toEqual(ids('a', 'b', 'c'))
  })

  test('a ready delta cannot be forgotten', () => {
    const dag = filled(n('a', 1))
    expect(dag.forget(idOf('a'))).toBe(false)
    expect(dag.isReady(idOf('a'))).toBe(true)
  })
})

describe('canonical order', () => {
  test('is by stamp, then id', () => {
    const [x, y] = sorted('x', 'y')
    const dag = filled(n('z', 1), n('x', 2), n('y', 2))
    expect(readyIds(dag.after({ id: idOf('z'), hlc: 1n }))).toEqual([x, y])
    expect(dag.compare(n('z', 1), n('x', 2))).toBeLessThan(0)
    expect(dag.compare(n('x', 2), n('x', 2))).toBe(0)
  })

  test('after() gives what must be undone to insert a late one', () => {
    const dag = filled(...chain(5))
    expect(readyIds(dag.after(n('late', 3)))).toEqual(idOf('late') < idOf('2') ? ids('2', '3', '4') : ids('3', '4'))
    expect(dag.after(n('newest', 99))).toEqual([])
    expect(dag.after(n('oldest', 0)).length).toBe(5)
  })

  test('stays sorted under insertions anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 3000 }), (stamps) => {
        const nodes = stamps.map((stamp, index) => n(`${index}`, stamp + 1))
        const dag = filled(...nodes)
        const expected = [...nodes].sort((a, b) => dag.compare(a, b))
        expect(readyIds(dag.after({ id: '' as DeltaId, hlc: 0n }))).toEqual(readyIds(expected))
        const middle = expected[expected.length >> 1]
        if (middle) expect(readyIds(dag.after(middle))).toEqual(readyIds(expected.slice((expected.length >> 1) + 1)))
      }),
      { numRuns: 20 },
    )
  })
})

describe('restoring', () => {
  const nodes = [n('a', 1), n('b', 2, 'a'), n('c', 3, 'a'), n('d', 4, 'b', 'c')]

  test('rows in any order give the same graph', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(nodes, { minLength: nodes.length }), (rows) => {
        const dag = Dag.restore(rows, [n('z', 9, 'y')])
        expect(dag.heads()).toEqual(ids('d'))
        expect(dag.missing(9)).toEqual(ids('y'))
        expect(readyIds(dag.after({ id: '' as DeltaId, hlc: 0n }))).toEqual(ids('a', 'b', 'c', 'd'))
        expect(dag.completedOnRestore).toEqual([])
      }),
    )
  })

  test('pending rows that turn out complete are handed over to be applied', () => {
    const dag = Dag.restore(nodes.slice(0, 2), [n('e', 5, 'd'), n('d', 4, 'b', 'c'), n('c', 3, 'a')])
    expect(readyIds(dag.completedOnRestore)).toEqual(ids('c', 'd', 'e'))
  })

  test('rows whose parents were pruned are ready, and so is what names the pruned parents', () => {
    const dag = Dag.restore([n('d', 4, 'b', 'c'), n('e', 5, 'd')], [])
    expect(dag.heads()).toEqual(ids('e'))
    expect(dag.receive(n('late', 6, 'b')).outcome).toBe('ready')
    expect(dag.receive(n('b', 2, 'a')).outcome).toBe('duplicate')
    expect(dag.heads()).toEqual(sorted('e', 'late'))
  })
})

describe('pruning', () => {
  const chain = [n('a', 1), n('b', 2, 'a'), n('x', 3, 'a'), n('c', 4, 'b'), n('d', 5, 'c')]

  test('leaves heads as they are, and knows the parents of what stays by their stamps', () => {
    const dag = filled(...chain)
    const heads = dag.heads()
    const prefix = dag.prefix(3)
    expect(readyIds([...prefix.nodes])).toEqual(ids('a', 'b', 'x'))
    expect(prefix.beneath.map(({ id }) => id)).toEqual(ids('b', 'x'))
    dag.prune(prefix)
    expect(dag.heads()).toEqual(heads)
    expect(dag.beneath(idOf('b'))).toBe(2n)
    expect(dag.has(idOf('a'))).toBe(false)
    expect(readyIds([...dag.inOrder()])).toEqual(ids('c', 'd'))
    expect(dag.receive(n('e', 6, 'd', 'x')).outcome).toBe('ready')
    expect(dag.receive(n('f', 3, 'x')).outcome).toBe('invalid')
  })

  test('is the same after a restore, and again after the next pruning', () => {
    const dag = filled(...chain)
    dag.prune(dag.prefix(3))
    const restored = Dag.restore([...dag.inOrder()], [], dag.prefix(0).beneath)
    expect(restored.heads()).toEqual(dag.heads())
    for (const each of [dag, restored]) {
      each.prune(each.prefix(2))
      expect(each.prefix(0).beneath.map(({ id }) => id)).toEqual(ids('x', 'd'))
      expect(each.heads()).toEqual(sorted('d', 'x'))
      expect(each.receive(n('e', 6, 'd', 'x')).ready).toHaveLength(1)
      expect(each.heads()).toEqual(ids('e'))
    }
  })

  test('what waits for one that is pruned is ready once that is known, and becomes no head by that', () => {
    const dag = filled(...chain)
    dag.prune(dag.prefix(4))
    const heads = dag.heads()
    expect(dag.receive(n('f', 6, 'b')).outcome).toBe('pending')
    expect(dag.receive(n('g', 7, 'f', 'd')).outcome).toBe('pending')
    expect(dag.receive(n('early', 2, 'b')).outcome).toBe('pending')
    expect(dag.awaits(idOf('b'))).toBe(true)
    expect(dag.learn(n('x', 3))).toEqual({ ready: [], invalid: [] })
    expect(dag.heads()).toEqual(heads)
    const { ready, invalid } = dag.learn(n('b', 2))
    expect(readyIds(ready)).toEqual(ids('f', 'g'))
    expect(invalid).toEqual(ids('early'))
    expect(dag.heads()).toEqual(sorted('g', 'x'))
    expect(dag.prefix(0).beneath.map(({ id }) => id)).toEqual(ids('b', 'x', 'c'))
  })

  test('a parent that will never be had takes what waits for it along, and what comes later', () => {
    const dag = filled(n('a', 1), n('c', 3, 'b'), n('d', 4, 'c', 'a'))
    expect(dag.refuse(idOf('b')).sort()).toEqual(sorted('c', 'd'))
    expect(dag.pendingCount).toBe(0)
    expect(dag.receive(n('e', 5, 'b')).outcome).toBe('invalid')
    expect(dag.refuse(idOf('a'))).toEqual([])
    expect(dag.isReady(idOf('a'))).toBe(true)
  })
})
