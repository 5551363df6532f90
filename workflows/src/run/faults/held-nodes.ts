// Who keeps the process of a node down or still, in words: a fault, a step, or somebody outside of the run, who may send signals, too.
import type { ActiveFault } from '../../steps/fault/making/fault-port.ts'
import type { ProcessHolds } from './process-holds.ts'

export interface StillNode {
  readonly name: string
  /** As the driver sees it: what holds the process, and what lets it go on. */
  readonly how: string
  readonly holds: Pick<ProcessHolds, 'isHeldStill' | 'pausedAt'>
}

type Faults = readonly Pick<ActiveFault, 'name' | 'what' | 'nodes'>[]

/** Undefined where a fault with a name of its own is it. */
export function stillnessOf(node: StillNode, faults: Faults): ActiveFault | undefined {
  if (faultOf(node.name, ['pause'], faults) !== undefined) return undefined
  const { name, holds } = node
  const what = holds.isHeldStill ? `pause of ${name}` : `${name} ${fromOutside(node)}`
  return { name: 'pause', what, nodes: [name], place: holds.pausedAt }
}

/** For whoever waits for its answer. */
export function whyStill(node: StillNode, faults: Faults): string {
  if (!node.holds.isHeldStill) return `it ${fromOutside(node)}`
  const fault = faultOf(node.name, ['pause'], faults)
  const until = fault === undefined ? 'unpause_container' : `the fault ${fault.name} is healed`
  return `it is paused, and answers nobody until ${until}`
}

/** What starts it again. */
export function startHelp(name: string, faults: Faults): string {
  const fault = faultOf(name, ['stop', 'kill'], faults)
  if (fault === undefined) return 'start it in a step before this one: type: start_node'
  return `end the fault ${fault.name} in a step before this one: type: heal`
}

function fromOutside({ how }: StillNode): string {
  return `is held still from outside of the run, by no step of it (${how})`
}

/** The first of these kinds. */
function faultOf(name: string, kinds: readonly string[], faults: Faults): Faults[number] | undefined {
  return faults.find(({ what, nodes }) => nodes.includes(name) && kinds.some((kind) => what.startsWith(`${kind} `)))
}
