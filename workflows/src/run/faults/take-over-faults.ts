// What an earlier run has left on nodes that it kept: known to this one, so that its steps can end it.
import type { NodeFaultPort } from '../../steps/fault/making/fault-port.ts'
import type { StepClock } from '../../steps/step-clock.ts'
import { faultWithNodes } from './fault-with-nodes.ts'
import type { FaultyNode, NodeFaults } from './node-faults.ts'
import type { ActiveFaults } from './run-faults.ts'

export interface TakeOverParts {
  /** Those that were there before. */
  readonly nodes: readonly FaultyNode[]
  readonly nodeFaults: NodeFaults
  /** By the name of a node. */
  readonly ports: (node: string) => NodeFaultPort | undefined
  readonly faults: ActiveFaults
  readonly clock: StepClock
}

/** The names of what was taken over, each that of its id on the nodes. */
export async function takeOverFaults(parts: TakeOverParts, options: { signal: AbortSignal }): Promise<string[]> {
  const nodesOf = new Map<string, string[]>()
  for (const node of parts.nodes) {
    for (const id of await parts.nodeFaults.takeOver(node, options)) {
      nodesOf.set(id, [...(nodesOf.get(id) ?? []), node.name])
    }
  }
  for (const [id, nodes] of nodesOf) {
    const peers = await namesOf(parts.nodeFaults.peersIn(nodes, id), parts, options)
    const both = [...new Set([...nodes, ...peers])]
    parts.faults.takeOver({
      name: id,
      // Which node it is kept on says less than who is apart from whom.
      what: `${faultWithNodes(id, both)}, of an earlier run`,
      nodes: both,
      isOn: () => nodes.some((node) => parts.nodeFaults.has(node, id)),
      clock: parts.clock,
      begin: async () => undefined,
      end: async (end) => {
        for (const node of nodes) await parts.ports(node)?.take(id, end)
      },
    })
  }
  return [...nodesOf.keys()]
}

/** Those nodes of the run that have these ids; one that does not tell its own is left out, as are strangers. */
async function namesOf(
  peers: readonly string[],
  { nodes, ports }: TakeOverParts,
  options: { signal: AbortSignal },
): Promise<string[]> {
  if (peers.length === 0) return []
  const named = nodes.map(async ({ name }) => {
    // Whose name is not known is still cut off: the fault is named without it.
    const id = await ports(name)
      ?.peerId(options)
      .catch(() => undefined)
    return id !== undefined && peers.includes(id) ? [name] : []
  })
  return (await Promise.all(named)).flat()
}
