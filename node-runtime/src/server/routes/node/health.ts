// Who is alive, ready, and connected. Public: no identity is asked.
import { Type } from 'typebox'
import { Count } from '../../formats/shapes.ts'
import { answerHealth, answerReady } from '../../probes.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const Status = Data(Type.Object({ status: Type.String(), reason: Type.Optional(Type.String()) }))

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
    summary: 'Start-up is over: connected, greeted and able to reach another node, where there is one',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Status,
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
        relays: (network.relays ?? []).map(({ peer, state, changedAtMs }) => {
          return { peerId: peer, reservationStatus: state, lastStateChange: changedAtMs }
        }),
        rendezvous: [],
        directUpgrades: (network.directUpgrades ?? []).map(
          ({ peer, outcome, error, lastAttemptMs, attempts, role, addresses }) => ({
            ...{ peerId: peer, status: outcome, lastAttempt: lastAttemptMs, attempts, role, addresses },
            ...(error !== undefined && { reason: error }),
          }),
        ),
        autonat: { reachability: 'unknown' },
        network,
      }
    },
  }),
]
