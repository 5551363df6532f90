// Nodes of a graph by name, for tests.
import { concat, u64be, utf8 } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { type DeltaId, idFromBytes, type PublicKey } from '../base/ids.ts'
import { Dag, type DagNode, type Floor } from './dag.ts'

const author = idFromBytes<PublicKey>(taggedHash('test', utf8('author')))
export const idOf = (label: string): DeltaId => idFromBytes<DeltaId>(taggedHash('test', utf8(label)))
/** `n('c', 3, 'a', 'b')`: node c at stamp 3 on a and b. */
export const n = (label: string, hlc: number, ...parents: string[]): DagNode => ({
  id: idOf(label),
  hlc: BigInt(hlc),
  parents: parents.map(idOf).sort(),
  author,
  previous: undefined,
  governance: [],
})
/** As deltas have them: an id that begins with its stamp. */
export const stamped = (label: string, hlc: number, ...parents: DeltaId[]): DagNode => ({
  id: idFromBytes<DeltaId>(concat([u64be(BigInt(hlc)), taggedHash('test', utf8(label)).subarray(0, 24)])),
  hlc: BigInt(hlc),
  parents: [...parents].sort(),
  author,
  previous: undefined,
  governance: [],
})
export const floorAt = (last: DeltaId, heads: readonly DeltaId[], standing: readonly DeltaId[]): Floor => ({
  last,
  heads,
  stands: (id) => standing.includes(id),
  oldest: '',
  authors: {},
})
export const ids = (...labels: string[]): DeltaId[] => labels.map(idOf)
export const sorted = (...labels: string[]): DeltaId[] => ids(...labels).sort()
export const readyIds = (nodes: readonly DagNode[]): DeltaId[] => nodes.map(({ id }) => id)

export function filled(...nodes: DagNode[]): Dag {
  const dag = new Dag()
  for (const node of nodes) dag.receive(node)
  return dag
}
