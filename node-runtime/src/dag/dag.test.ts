import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeltaId } from '../base/ids.ts'
import { Dag, type DagNode } from './dag.ts'
import { PENDING_MAX } from './limits.ts'
import { filled, floorAt, idOf, ids, n, readyIds, sorted, stamped } from './nodes.fixture.ts'

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

  test('what is kept waits beside all that, however much it is', () => {
    const dag = new Dag(2)
    const kept = ['a', 'b', 'c'].map((name) => n(name, 5, 'absent'))
    for (const node of kept) expect(dag.receive(node, 1, true).evicted).toEqual([])
    for (const name of ['x', 'y']) expect(dag.receive(n(name, 5, 'absent')).evicted).toEqual([])
    expect(dag.receive(n('z', 5, 'absent')).evicted).toEqual(ids('x'))
    expect(dag.pendingCount).toBe(5)
    expect(readyIds(dag.receive(n('absent', 1)).ready)).toEqual(expect.arrayContaining(ids('a', 'b', 'c', 'y', 'z')))
    for (const name of ['u', 'v']) expect(dag.receive(n(name, 9, 'later')).evicted).toEqual([])
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
        const dag = Dag.restore(rows)
        expect(dag.heads()).toEqual(ids('d'))
        expect(dag.tips()).toEqual(ids('d'))
        expect(readyIds(dag.after({ id: '' as DeltaId, hlc: 0n }))).toEqual(ids('a', 'b', 'c', 'd'))
      }),
    )
  })
})

describe('above a floor', () => {
  const [a, b, c] = [stamped('a', 1), stamped('b', 2), stamped('c', 3)]
  /** It contains `a` and `b`; `c` sorts before its end, and is not in it. */
  const floor = floorAt(stamped('z', 5).id, [b.id], [a.id, b.id, stamped('z', 5).id])

  test('what is beneath is never waited for, and never received', () => {
    const dag = Dag.restore([], floor)
    expect(dag.receive(stamped('d', 6, b.id)).outcome).toBe('ready')
    expect(dag.receive(stamped('e', 7, c.id)).outcome).toBe('ready')
    expect(dag.receive(c).outcome).toBe('duplicate')
    expect([dag.isBeneath(c.id), dag.isReady(c.id), dag.ready(c.id)]).toEqual([true, true, undefined])
    expect(dag.missing(9)).toEqual([])
  })

  test('what builds on what is not in it is lost, and what builds on that; nothing is written on it', () => {
    const dag = Dag.restore([], floor)
    const [d, e, f] = [stamped('d', 6, b.id), stamped('e', 7, c.id), stamped('f', 8, stamped('e', 7, c.id).id)]
    for (const node of [f, d, e]) dag.receive(node)
    expect([d, e, f].map(({ id }) => dag.isLost(id))).toEqual([false, true, true])
    expect(dag.heads()).toEqual([d.id, f.id])
    expect(dag.tips()).toEqual([d.id])
    const merge = stamped('g', 9, d.id, f.id)
    dag.receive(merge)
    expect([dag.heads(), dag.tips(), dag.isLost(merge.id)]).toEqual([[merge.id], [d.id], true])
  })

  test('its heads are the heads until something builds on them', () => {
    const dag = Dag.restore([], floor)
    expect([dag.heads(), dag.tips()]).toEqual([[b.id], [b.id]])
    const lost = stamped('e', 7, b.id, c.id)
    dag.receive(lost)
    expect([dag.heads(), dag.tips()]).toEqual([[lost.id], [b.id]])
  })

  test('pruning there gives what a restore from the rows gives, whatever was here before', () => {
    const [d, e] = [stamped('d', 6, b.id), stamped('e', 7, c.id)]
    const dag = filled(a, b, c, d, e)
    expect(dag.prune(floor)).toEqual({ gone: [], woken: [] })
    const restored = Dag.restore([e, d], floor)
    for (const each of [dag, restored]) {
      expect(readyIds([...each.inOrder()])).toEqual([d.id, e.id])
      expect([each.heads(), each.tips(), each.isLost(e.id)]).toEqual([[d.id, e.id], [d.id], true])
    }
  })

  test('what waits for what is beneath is to be received again; what waits there goes', () => {
    const missing = stamped('m', 2)
    const [inside, above, elsewhere] = [
      stamped('i', 4, missing.id),
      stamped('k', 6, missing.id),
      stamped('l', 7, stamped('n', 6).id),
    ]
    const dag = filled(a, b, inside, above, elsewhere)
    expect(dag.prune(floor)).toEqual({ gone: [inside], woken: [above] })
    expect(dag.pendingCount).toBe(1)
    expect(dag.receive(above).outcome).toBe('ready')
    expect(dag.isLost(above.id)).toBe(true)
  })

  test('where it names no more what was lost, what does not follow on from where its author stands is lost for good', () => {
    // c was written by the author while it was away, and d on it; the floor contains a and b only, and names nothing.
    const namesNothing = {
      ...floorAt(c.id, [b.id], []),
      stands: () => true,
      oldest: 'g',
      authors: { [b.author]: b.id },
    }
    const d = { ...stamped('d', 6, c.id), previous: c.id }
    const after = { ...stamped('e', 7, b.id), previous: b.id }
    const onIt = { ...stamped('f', 8, after.id), previous: after.id }
    const dag = Dag.restore([], namesNothing)
    expect(dag.newestOf(b.author)).toBe(b.id)
    for (const node of [d, onIt, after]) dag.receive(node)
    expect([d, after, onIt].map(({ id }) => dag.isLost(id))).toEqual([true, false, false])
    expect(dag.newestOf(b.author)).toBe(onIt.id)
    dag.prune({ ...namesNothing, last: after.id, authors: { [b.author]: after.id } })
    expect([dag.isLost(onIt.id), dag.newestOf(b.author)]).toEqual([false, onIt.id])
  })

  test('two deltas of an author on one are both none of the lost, wherever it is pruned, and whatever is named', () => {
    const [second, fork] = [stamped('s', 4, b.id), stamped('f', 6, b.id)].map((node) => ({ ...node, previous: b.id }))
    if (!second || !fork) throw new Error('two nodes are two')
    const on = stamped('o', 7, second.id, fork.id)
    const dag = filled(a, b, second, fork, on)
    const names = floorAt(second.id, [second.id], [a.id, b.id, second.id])
    for (const oldest of ['', second.id]) {
      dag.prune({ ...names, stands: () => true, oldest, authors: { [b.author]: second.id } })
      expect([fork, on].map(({ id }) => dag.isLost(id))).toEqual([false, false])
    }
  })

  test('what follows on from a replaced one is not lost while that is named', () => {
    const fork = { ...stamped('f', 6, c.id), previous: c.id }
    const dag = filled(a, b, { ...c, parents: [b.id] }, fork)
    const names = { ...floorAt(c.id, [c.id], [a.id, b.id, c.id]), authors: { [b.author]: b.id } }
    dag.prune(names)
    expect(dag.isLost(fork.id)).toBe(false)
    dag.prune({ ...names, stands: () => true, oldest: 'g' })
    expect(dag.isLost(fork.id)).toBe(true)
  })

  test('a greater one judges anew', () => {
    const dag = Dag.restore([], floor)
    const e = stamped('e', 7, c.id)
    dag.receive(e)
    const next = floorAt(stamped('y', 6).id, [c.id], [c.id])
    dag.prune(next)
    expect(dag.isLost(e.id)).toBe(false)
  })
})
