// Faults of this node's own connections, for tests of what a network makes of them. Only a node that was started with
// --enable-faults has them; HTTP goes on under every fault.
import { type Static, Type } from 'typebox'
import type { FaultRule } from '../../network/faults/fault-rule.ts'
import type { LaneCounts } from '../../network/faults/lane.ts'
import type { LinkFaults } from '../../network/faults/link-faults.ts'
import { ServerError } from '../errors.ts'
import type { NodeServices } from '../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../routing/route.ts'

const PEERS_MAX = 256
const DELAY_MS_MAX = 600_000

const Percent = Type.Number({ minimum: 0, maximum: 100 })
const Delay = Type.Number({ minimum: 0, maximum: DELAY_MS_MAX })

const Fault = Type.Object(
  {
    peers: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: PEERS_MAX })),
    direction: Type.Optional(Type.Union([Type.Literal('in'), Type.Literal('out'), Type.Literal('both')])),
    blocked: Type.Optional(Type.Boolean()),
    delayMs: Type.Optional(Delay),
    jitterMs: Type.Optional(Delay),
    lossPercent: Type.Optional(Percent),
    bytesPerSecond: Type.Optional(Type.Number({ minimum: 1 })),
    resetPercent: Type.Optional(Percent),
  },
  { additionalProperties: false },
)

const Lane = Type.Object({ passed: Type.Integer(), lost: Type.Integer(), waitingBytes: Type.Integer() })
const Faults = Type.Object({
  faults: Type.Array(Type.Object({ id: Type.String(), fault: Fault })),
  links: Type.Array(
    Type.Object({ peer: Type.Union([Type.String(), Type.Null()]), address: Type.String(), in: Lane, out: Lane }),
  ),
})
const Done = Type.Object({})

/** Throws NOT_FOUND on a node without them. */
function faultsOf(node: NodeServices): LinkFaults {
  const { faults } = node.ports
  if (faults) return faults
  throw new ServerError('NOT_FOUND', 'this node has no faults: it was not started with --enable-faults')
}

function ruleOf(given: Static<typeof Fault>): FaultRule {
  return { ...given, direction: given.direction ?? 'both' }
}

export const faultRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/test-api/faults',
    summary: 'Put a fault on connections: blocked, delayMs, jitterMs, lossPercent, bytesPerSecond, resetPercent',
    permission: 'admin',
    response: Data(Type.Object({ id: Type.String() })),
    failures: [404],
    params: NoFields,
    query: NoFields,
    body: Fault,
    handle: async ({ node }, { body }) => ({ data: { id: faultsOf(node).add(ruleOf(body)) } }),
  }),
  route({
    method: 'GET',
    url: '/test-api/faults',
    summary: 'Faults that are on, and what they did to each connection',
    permission: 'admin',
    response: Data(Faults),
    failures: [404],
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => {
      const faults = faultsOf(node)
      const on = [...faults.rules()].map(([id, fault]) => ({ id, fault }))
      const links = faults.links().map(({ peer, address, ...lanes }): Static<typeof Faults>['links'][number] => {
        const { in: inbound, out }: { in: LaneCounts; out: LaneCounts } = lanes
        return { peer: peer ?? null, address, in: { ...inbound }, out: { ...out } }
      })
      return { data: { faults: on, links } }
    },
  }),
  route({
    method: 'DELETE',
    url: '/test-api/faults/:id',
    summary: 'Take a fault off',
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
