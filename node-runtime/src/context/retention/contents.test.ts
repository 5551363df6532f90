import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import { Contents } from './contents.ts'

/** Reads that any list of so few costs at most. */
const READS_MAX = 1000

/** Fails where it is read without end, which no test could wait for. */
function read<T>(list: readonly T[]): readonly T[] {
  let reads = 0
  return new Proxy(list, {
    get: (target, key) => {
      reads += 1
      if (reads > READS_MAX) throw new Error('it is read without end')
      return Reflect.get(target, key)
    },
  })
}

const IDS = ['a1', 'b2', 'c3', 'd4', 'e5'].map((id) => id as DeltaId)

/** Of nodes that are all applied, in their order; `places`: where roots were asked for beside the first. */
function contents(checkpointMin = 1) {
  const nodes = IDS.map((id) => ({ id, hlc: 0n, parents: [] }) as unknown as DagNode)
  const places: (readonly number[])[] = []
  const parts = {
    retention: { checkpointMin },
    dag: { inOrder: () => read(nodes) },
    folder: {
      stack: IDS.map((id) => ({ id, hlc: 0n })),
      rootBelow: async (_index: number, above: () => readonly number[]) => {
        places.push(above())
        return 'root'
      },
    },
  } as unknown as ConstructorParameters<typeof Contents>[0]
  return { contents: new Contents(parts), nodes, places }
}

it('the root behind the next checkpoint is asked for with those behind the ones after it', async () => {
  const { contents: of, nodes, places } = contents()
  expect(await of.stateAt(nodes.slice(0, 2))).toEqual({ stack: 2, swept: [], root: 'root' })
  expect(places).toEqual([[4]])
})

it('a small one is not taken for a sign of many small ones to come', async () => {
  const { contents: of, nodes, places } = contents(4)
  await of.stateAt(nodes.slice(0, 1))
  expect(places).toEqual([[5]])
})

it('a checkpoint of nothing more, made under other governance, has the root beneath all', async () => {
  const { contents: of, places } = contents()
  expect(await of.stateAt([])).toEqual({ stack: 0, swept: [], root: 'root' })
  expect(places).toEqual([[]])
})

it('what is of some authors is left out where it counts for nothing here', () => {
  const { contents: of, nodes } = contents()
  const [first, ...others] = nodes
  const waits = { ...first, id: 'a2', author: 'ada' } as unknown as DagNode
  const counts = { ...first, author: 'ada' } as unknown as DagNode
  const isAda = (author: string) => author === 'ada'
  expect(of.leavesOut([counts, ...others], isAda)).toBe(false)
  expect(of.leavesOut([counts, waits], isAda)).toBe(true)
  expect(of.leavesOut([counts, waits], () => false)).toBe(false)
})
