// Who is alive, ready, and connected. Public: no identity is asked.
import { NoBody, NoFields, RawResponse, type Route, type RouteParts, route } from '../route.ts'

function storeAnswers({ node }: RouteParts): boolean {
  try {
    node.ports.store.get(PROBE_KEY)
    return true
  } catch {
    // Closed or failing: that is the answer.
    return false
  }
}

const PROBE_KEY = Uint8Array.of(0)

const status = (code: number, text: string) => new RawResponse(code, JSON.stringify({ data: { status: text } }))

export const healthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/health',
    summary: 'The process answers and its store can be read',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async (parts) => (storeAnswers(parts) ? status(200, 'alive') : status(503, 'store_unavailable')),
  }),
  route({
    method: 'GET',
    url: '/admin-api/ready',
    summary: 'Start-up is over: connected, greeted and able to reach another node, where there is one',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async (parts) => {
      if (!storeAnswers(parts)) return status(503, 'store_unavailable')
      const { readiness } = parts.node
      return readiness.ready ? status(200, 'ready') : status(503, readiness.why)
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/is-authed',
    summary: 'A reverse proxy in front turns this into a check of the caller',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async () => ({ data: { status: 'alive' } }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/peers',
    summary: 'How many nodes are connected',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => ({ count: node.ports.network.peers().length }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/network/status',
    summary: 'Addresses, peers, boot list and topics',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => {
      const network = node.ports.network.status()
      return {
        localPeerId: network.peer,
        listenAddrs: network.listening,
        externalAddrs: [],
        relays: [],
        rendezvous: [],
        directUpgrades: [],
        autonat: { reachability: 'unknown' },
        network,
      }
    },
  }),
]
