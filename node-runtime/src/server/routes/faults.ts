// Faults of this node, for tests of what a network makes of them. Only a node that was started with --enable-faults has
// them; HTTP goes on under every fault.
import { type Static, Type } from 'typebox'
import type { LaneCounts } from '../../network/faults/lane.ts'
import type { NodeFaults } from '../../network/faults/node-faults.ts'
import { ServerError } from '../errors.ts'
import type { NodeServices } from '../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../routing/route.ts'
import { bodyOf, faultOf } from './fault-body.ts'
import { FaultBody } from './fault-shapes.ts'

const Lane = Type.Object({ passed: Type.Integer(), lost: Type.Integer(), waitingBytes: Type.Integer() })
const Messages = Type.Object({
  chosen: Type.Integer(),
  matched: Type.Integer(),
  held: Type.Integer(),
  heldBytes: Type.Integer(),
  released: Type.Integer(),
  dropped: Type.Integer(),
  repeated: Type.Integer(),
  overtaken: Type.Integer(),
})
const Faults = Type.Object({
  seed: Type.String(),
  faults: Type.Array(
    Type.Object({
      id: Type.String(),
      fault: FaultBody,
      messages: Type.Optional(Messages),
      refusedWrites: Type.Optional(Type.Integer()),
    }),
  ),
  links: Type.Array(
    Type.Object({ peer: Type.Union([Type.String(), Type.Null()]), address: Type.String(), in: Lane, out: Lane }),
  ),
})
const Done = Type.Object({})

/** Throws NOT_FOUND on a node without them. */
function faultsOf(node: NodeServices): NodeFaults {
  const { faults } = node.ports
  if (faults) return faults
  throw new ServerError('NOT_FOUND', 'this node has no faults: it was not started with --enable-faults')
}

function statusOf(faults: NodeFaults): Static<typeof Faults> {
  const on = faults.list().map(({ id, fault, messages, refusedWrites }) => ({
    id,
    fault: bodyOf(fault),
    ...(messages && { messages: { ...messages } }),
    ...(refusedWrites !== undefined && { refusedWrites }),
  }))
  const links = faults.connections().map(({ peer, address, ...lanes }): Static<typeof Faults>['links'][number] => {
    const { in: inbound, out }: { in: LaneCounts; out: LaneCounts } = lanes
    return { peer: peer ?? null, address, in: { ...inbound }, out: { ...out } }
  })
  return { seed: faults.seed, faults: on, links }
}

export const faultRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/test-api/faults',
    summary:
      'Put a fault on: of connections (blocked, delayMs, jitterMs, lossPercent, bytesPerSecond, resetPercent), of messages that come (message: hold, drop, replay, duplicate, reorder), of the disk (disk: full, read_only) or of the clock (clockOffsetMs). One of the same id is replaced',
    permission: 'admin',
    response: Data(Type.Object({ id: Type.String() })),
    failures: [400, 404, 409],
    params: NoFields,
    query: NoFields,
    body: FaultBody,
    handle: async ({ node }, { body }) => ({ data: { id: faultsOf(node).put(faultOf(body), body.id) } }),
  }),
  route({
    method: 'GET',
    url: '/test-api/faults',
    summary: 'Faults that are on, and what they did to messages, writes and connections',
    permission: 'admin',
    response: Data(Faults),
    failures: [404],
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => ({ data: statusOf(faultsOf(node)) }),
  }),
  route({
    method: 'DELETE',
    url: '/test-api/faults/:id',
    summary: 'Take a fault off; messages that it has kept back are handed on, in order',
    permission: 'admin',
    response: Data(Done),
    failures: [404],
    params: Type.Object({ id: Type.String() }),
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => {
      if (!faultsOf(node).remove(params.id)) throw new ServerError('NOT_FOUND', `there is no fault ${params.id}`)
      return { data: {} }
    },
  }),
  route({
    method: 'DELETE',
    url: '/test-api/faults',
    summary: 'Take all faults off',
    permission: 'admin',
    response: Data(Done),
    failures: [404],
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => {
      faultsOf(node).clear()
      return { data: {} }
    },
  }),
]
