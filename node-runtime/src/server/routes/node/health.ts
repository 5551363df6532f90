// Who is alive, ready, and connected. Public: no identity is asked.
import { Type } from 'typebox'
import { Count } from '../../formats/shapes.ts'
import { answerHealth, answerReady } from '../../probes.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'
import { directUpgradeShape, relayShape } from './relay-shapes.ts'

const Status = Data(Type.Object({ status: Type.String(), reason: Type.Optional(Type.String()) }))

const Ready = Data(
  Type.Object({
    status: Type.String(),
    /** Why it is not ready. */
    reason: Type.Optional(Type.String()),
    /** What a ready node lacks: of the network, or of synchronisation. */
    reasons: Type.Optional(Type.Array(Type.String())),
    /** False: it has not met the nodes that it is to meet since its start, and works without them. */
    meshed: Type.Optional(Type.Boolean()),
  }),
)

const NetworkShape = Type.Object({
  localPeerId: Type.String(),
  listenAddrs: Type.Array(Type.String()),
  externalAddrs: Type.Array(Type.String()),
  relays: Type.Array(Type.Object({})),
  rendezvous: Type.Array(Type.Object({})),
  directUpgrades: Type.Array(Type.Object({})),
  autonat: Type.Object({ reachability: Type.String() }),
  /** What this node knows beside that: peers, boot list, topics. */
  network: Type.Object({}),
})

export const healthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/health',
    summary: 'The process answers and its store can be read',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Status,
    handle: async ({ node }) => answerHealth(node),
  }),
  route({
    method: 'GET',
    url: '/admin-api/ready',
    summary:
      'Start-up is over: it has met the nodes it is to meet, or works alone; and what is lacking now, with the reason',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Ready,
    handle: async ({ node }) => answerReady(node),
  }),
  route({
    method: 'GET',
    url: '/admin-api/is-authed',
    summary: 'A reverse proxy in front turns this into a check of the caller',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Status,
    handle: async () => ({ data: { status: 'alive' } }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/peers',
    summary: 'How many nodes are connected',
    permission: 'admin',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ count: Count }),
    handle: async ({ node }) => ({ count: node.ports.network.peers().length }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/network/status',
    summary: 'Addresses, peers, boot list and topics',
    permission: 'admin',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: NetworkShape,
    handle: async ({ node }) => {
      const network = node.ports.network.status()
      return {
        localPeerId: network.peer,
        listenAddrs: network.listening,
        externalAddrs: [],
        relays: (network.relays ?? []).map(relayShape),
        rendezvous: [],
        directUpgrades: (network.directUpgrades ?? []).map(directUpgradeShape),
        autonat: { reachability: 'unknown' },
        network,
      }
    },
  }),
]
