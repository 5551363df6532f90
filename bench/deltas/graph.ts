// The graph alone: a node whose parents are ready, one that completes ten, and the giving up of a hundred that wait.
import { utf8 } from '../../node-runtime/src/base/bytes.ts'
import { sha256 } from '../../node-runtime/src/base/hash.ts'
import { type DeltaId, idFromBytes, type PublicKey } from '../../node-runtime/src/base/ids.ts'
import { Dag, type DagNode } from '../../node-runtime/src/dag/dag.ts'
import { quantile } from '../real-nodes.ts'

const HISTORY = 10_000
const TIMES = 1000
const CASCADE = 10
const PENDING = 100

/** Milliseconds, medians and the worst of a hundred. */
export function measureGraph() {
  const dag = new Dag()
  const author = idFromBytes<PublicKey>(sha256(utf8('author')))
  let made = 0
  const node = (...parents: DagNode[]): DagNode => {
    made += 1
    const id = idFromBytes<DeltaId>(sha256(utf8(`node ${made}`)))
    return {
      id,
      hlc: BigInt(made),
      parents: parents.map((parent) => parent.id).sort(),
      author,
      previous: parents[0]?.id,
      governance: [],
    }
  }
  let last = node()
  dag.receive(last)
  const add = () => {
    const next = node(last)
    last = next
    return timed(() => dag.receive(next))
  }
  for (let index = 0; index < HISTORY; index += 1) add()
  const cascade = () => {
    const first = node(last)
    const chain = [first]
    while (chain.length < CASCADE) chain.push(node(chain.at(-1) ?? first))
    for (const waiting of chain.slice(1)) dag.receive(waiting)
    last = chain.at(-1) ?? last
    return timed(() => dag.receive(first))
  }
  const cleanUp = () => {
    const absent = node(last)
    const waiting = [node(absent)]
    while (waiting.length < PENDING) waiting.push(node(waiting.at(-1) ?? absent))
    for (const each of waiting) dag.receive(each)
    return timed(() => {
      for (const { id } of [...dag.pending()]) dag.forget(id)
    })
  }
  return { addMs: figures(add), cascadeOf10Ms: figures(cascade), cleanUpOf100Ms: figures(cleanUp) }
}

function timed(work: () => void): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}

function figures(work: () => number) {
  const took = Array.from({ length: TIMES }, work)
  const round = (value: number) => Math.round(10_000 * value) / 10_000
  return { median: round(quantile(took)), p99: round(quantile(took, 0.99)) }
}
