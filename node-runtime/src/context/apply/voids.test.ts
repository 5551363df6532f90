// What counts of what was written again, and of what it stands for: always one of them, whatever came when.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ContextId, DeltaId, GroupId, OpId, PublicKey } from '../../base/ids.ts'
import { Dag, type DagNode, type Floor } from '../../dag/dag.ts'
import { floorAt, stamped } from '../../dag/nodes.fixture.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import type { Delta } from '../../wire/delta.ts'
import { idOf } from '../../wire/messages.fixture.ts'
import { Rewrites } from './rewrites.ts'
import { Voids } from './voids.ts'

const author = idOf<PublicKey>('author')
const NO_REMOVALS = {
  removalsNow: () => ({ judgement: new Uint8Array(32), all: () => [], unseen: () => [], isMember: () => false }),
}
const LAST = stamped('last', 5).id
const inside = (at: number) => stamped(`inside ${at}`, at).id

interface Written {
  readonly delta: Pick<Delta, 'id' | 'governance' | 'rewrites'> & DagNode
}

const written = (label: string, hlc: number, parents: readonly DeltaId[], rewrites?: readonly DeltaId[]): Written => {
  const node = stamped(label, hlc, ...parents)
  return { delta: { ...node, author, governance: [], ...(rewrites ? { rewrites } : {}) } }
}

/** All of `deltas` on a floor whose checkpoint contains `counting` and `lost`. */
function voidsOf(deltas: readonly Written[], floor: Floor, recent: Checkpoint['recent'], isSame = () => true) {
  const dag = Dag.restore([], floor)
  const rows = new Map(deltas.map(({ delta }) => [delta.id, delta as Pick<Delta, 'id'>]))
  const rewritten = new Rewrites()
  const voids = new Voids({
    contextId: idOf('context'),
    authority: NO_REMOVALS,
    dag,
    rows: { delta: (id) => rows.get(id) as Delta | undefined },
    rewritten,
    isSame,
    checkpoint: () => ({ last: floor.last, recent }) as Checkpoint,
  })
  const isDue = deltas.map(({ delta }) => {
    rewritten.add(delta)
    return voids.completes(dag.receive(delta).ready.map(({ id }) => id))
  })
  return { voids, isDue }
}

const counts = (voids: Voids, ...deltas: readonly Written[]) => deltas.map(({ delta }) => !voids.isVoid(delta))

it('of what stands for a lost delta the last counts', () => {
  const floor = floorAt(LAST, [inside(1)], [inside(1)])
  const first = written('first', 6, [inside(2)])
  const again = written('again', 7, [inside(1)], [first.delta.id])
  const twice = written('twice', 8, [inside(1)], [first.delta.id, again.delta.id])
  const { voids } = voidsOf([first, again, twice], floor, { counting: [inside(1)], voids: [], lost: [] })
  expect(counts(voids, first, again, twice)).toEqual([false, false, true])
})

it('what stands for a delta beneath counts where that does not count in the checkpoint', () => {
  const floor = floorAt(LAST, [inside(1)], [inside(1), inside(2)])
  const recent = { counting: [inside(1)], voids: [inside(2)], lost: [inside(3)] }
  const again = [1, 2, 3, 4].map((at) => written(`again ${at}`, 6 + at, [], [inside(at)]))
  const { voids } = voidsOf(again, floor, recent)
  expect(counts(voids, ...again)).toEqual([false, true, true, true])
})

it.each([
  ['counts, if it says the same', true],
  ['goes without effect, if it says something else', false],
])('what stands for a delta that would count %s, whichever came first', (_what, isSame) => {
  const floor = floorAt(LAST, [inside(1)], [inside(1)])
  const first = written('first', 6, [inside(1)])
  const again = written('again', 7, [inside(1)], [first.delta.id])
  const recent = { counting: [inside(1)], voids: [], lost: [] }
  for (const order of [
    [again, first],
    [first, again],
  ]) {
    const { voids, isDue } = voidsOf(order, floor, recent, () => isSame)
    expect([isDue, counts(voids, first, again)]).toEqual([
      [false, true],
      [!isSame, isSame],
    ])
  }
})

it('nobody replaces what another has written, nor by what is lost', () => {
  const floor = floorAt(LAST, [inside(1)], [inside(1)])
  const first = written('first', 6, [inside(1)])
  const lost = written('lost', 7, [inside(2)], [first.delta.id])
  const others = written('others', 8, [inside(1)], [first.delta.id])
  const foreign = { delta: { ...others.delta, author: idOf<PublicKey>('another') } }
  const { voids } = voidsOf([first, lost, foreign], floor, { counting: [inside(1)], voids: [], lost: [] })
  expect(counts(voids, first, lost, foreign)).toEqual([true, false, false])
})

it('of a delta and all that stand for it at most one counts; and one does, unless the last is lost, too', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('in', 'lost', 'not'),
      (lost, first) => {
        const origin = inside(2)
        const floor = floorAt(LAST, [inside(1)], first === 'in' ? [inside(1), origin] : [inside(1)])
        const recent = {
          counting: first === 'in' ? [inside(1), origin] : [inside(1)],
          voids: [],
          lost: first === 'lost' ? [origin] : [],
        }
        const ids: DeltaId[] = [origin]
        const all = lost.map((isLost, index) => {
          const one = written(`${index}`, 6 + index, [inside(isLost ? 4 : 1)], [...ids])
          ids.push(one.delta.id)
          return one
        })
        const { voids } = voidsOf(all, floor, recent)
        const sum = counts(voids, ...all).filter(Boolean).length + (first === 'in' ? 1 : 0)
        expect(sum).toBe(first === 'in' || lost.includes(false) ? 1 : 0)
      },
    ),
  )
})

it('whether a removal leaves what was just applied costs what lies between, not the history of the context', () => {
  const contextId = idOf<ContextId>('context')
  const line = Array.from({ length: 2000 }, (_, i) => i).reduce<Written[]>(
    (all, i) => [
      ...all.slice(-2000),
      written(
        `${i}`,
        i + 1,
        all.slice(-1).map(({ delta }) => delta.id),
      ),
    ],
    [],
  )
  const dag = Dag.restore([])
  for (const { delta } of line) dag.receive(delta)
  let looks = 0
  const counting: Pick<Dag, 'get' | 'isReady' | 'ready' | 'isLost' | 'isBeneath'> = {
    get: (id) => {
      looks += 1
      return dag.get(id)
    },
    isReady: (id) => dag.isReady(id),
    ready: (id) => dag.ready(id),
    isLost: (id) => dag.isLost(id),
    isBeneath: (id) => dag.isBeneath(id),
  }
  const rewritten = new Rewrites()
  const checkpoint = () => undefined
  const rows = { delta: () => undefined }
  const isSame = () => true
  const voids = new Voids({ contextId, authority: NO_REMOVALS, dag: counting, rows, rewritten, isSame, checkpoint })
  const idAt = (at: number) => line.at(at)?.delta.id as DeltaId
  for (let i = 0; i < 20; i++) {
    const pinned = { [contextId]: [idAt(-1 - i)] }
    const removal = {
      op: idOf<OpId>(`${i}`),
      hlc: 1n,
      groupId: idOf<GroupId>('group'),
      how: 'removed',
      pinned,
    } as const
    expect([-30, -1 - i, -i].map((at) => voids.accepts(removal, idAt(at || -1)))).toEqual([true, true, i === 0])
  }
  expect(looks).toBeLessThan(20 * 40)
})
