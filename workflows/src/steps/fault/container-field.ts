// merobox names containers; here they are the nodes of the same name.
import { Type } from '@calbox/schemas'
import { StepError } from '../step-error.ts'
import type { NodeHandle, NodeLinks, StepContext } from '../step-kind.ts'

export const containerField = Type.String({ minLength: 1, description: 'Name of the node.' })

export const networkField = Type.Optional(
  Type.String({
    description:
      'Of the container engine: the node leaves or joins it, too. Without effect where nodes are no containers.',
  }),
)

/** Undefined where none is named. */
export function networkText(network: string | undefined, context: StepContext): string | undefined {
  return network === undefined ? undefined : context.text(network) || undefined
}

export const peersField = Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'The other nodes.' })

/** Which driver it is that cannot do something. */
export function driverText({ driver }: NodeHandle): string {
  return driver === undefined ? '' : ` (driver ${driver})`
}

/** Never passed over in silence: a fault that did not happen proves nothing. */
export function linksOf(node: NodeHandle): NodeLinks {
  if (node.links !== undefined) return node.links
  const message = `the connections of ${node.name} cannot be cut from here: its driver has no network faults${driverText(node)}`
  throw new StepError('unsupported', message, { node: node.name })
}
