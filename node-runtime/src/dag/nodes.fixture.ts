// Nodes of a graph by name, for tests.
import { utf8 } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { type DeltaId, idFromBytes } from '../base/ids.ts'
import { Dag, type DagNode } from './dag.ts'

export const idOf = (label: string): DeltaId => idFromBytes<DeltaId>(taggedHash('test', utf8(label)))
/** `n('c', 3, 'a', 'b')`: node c at stamp 3 on a and b. */
export const n = (label: string, hlc: number, ...parents: string[]): DagNode => ({
  id: idOf(label),
  hlc: BigInt(hlc),
  parents: parents.map(idOf).sort(),
})
export const ids = (...labels: string[]): DeltaId[] => labels.map(idOf)
export const sorted = (...labels: string[]): DeltaId[] => ids(...labels).sort()
export const readyIds = (nodes: readonly DagNode[]): DeltaId[] => nodes.map(({ id }) => id)

export function filled(...nodes: DagNode[]): Dag {
  const dag = new Dag()
  for (const node of nodes) dag.receive(node)
  return dag
}
