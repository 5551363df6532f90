// The node's config.toml. Keys and layout are those of merod, so that tools which edit the file keep working; what this
// node adds is optional. Unknown keys are kept out of the way: they are ignored. Written out, not built with TypeBox:
// every start of a node reads it, and building it would take longer than everything else that the file needs.
import type { XStatic } from 'typebox/schema'

const multiaddrs = {
  type: 'array',
  items: { type: 'string' },
  description: 'multiaddrs, e.g. /ip4/127.0.0.1/tcp/2428',
} as const
const milliseconds = { type: 'integer', minimum: 1 } as const
const folder = { type: 'object', properties: { path: { type: 'string' } } } as const

const seconds = { type: 'integer', minimum: 1 } as const
const count = { type: 'integer', minimum: 1 } as const

const embeddedAuth = {
  type: 'object',
  properties: {
    jwt: {
      type: 'object',
      properties: {
        issuer: { type: 'string', description: 'iss and aud of tokens' },
        access_token_expiry: { ...seconds, description: 'seconds; default 3600' },
        refresh_token_expiry: { ...seconds, description: 'seconds; default 30 days' },
        node_host: { type: 'string', description: 'the host that clients know this node by; default: what Host says' },
      },
    },
    storage: {
      type: 'object',
      properties: {
        type: { type: 'string', description: 'memory: keys end with the process; else in the node’s store' },
      },
    },
    providers: {
      type: 'object',
      properties: { user_password: { type: 'boolean' }, ed25519: { type: 'boolean' } },
    },
    answer_in_query: {
      type: 'boolean',
      description:
        'for clients of before groups: tokens in the query of the address that asked for them; default false',
    },
    user_password: {
      type: 'object',
      properties: { min_password_length: count, max_password_length: count },
    },
  },
} as const

/**
 * The boot list that merod has by itself. Only a run that asks for it (`preserve_default_bootstrap`) gives it to its nodes; they
 * dial it, and cannot enter its network, which is another one.
 */
export const PUBLIC_BOOT_NODES: readonly string[] = [
  '/ip4/63.181.86.34/udp/4001/quic-v1/p2p/12D3KooWR5V4zmisVtVdGE6i8jfFwtgRNq5t8eDGxfckKuhXu7Eh',
  '/ip4/63.181.86.34/tcp/4001/p2p/12D3KooWR5V4zmisVtVdGE6i8jfFwtgRNq5t8eDGxfckKuhXu7Eh',
]

export const NodeConfigSchema = {
  type: 'object',
  required: ['identity', 'swarm', 'server'],
  properties: {
    identity: {
      type: 'object',
      required: ['peer_id', 'keypair'],
      properties: {
        peer_id: { type: 'string', description: 'libp2p peer id of the key below' },
        keypair: { type: 'string', description: 'base58 of the libp2p protobuf of an Ed25519 private key; secret' },
      },
    },
    swarm: { type: 'object', required: ['listen'], properties: { listen: multiaddrs } },
    server: {
      type: 'object',
      required: ['listen'],
      properties: {
        listen: multiaddrs,
        auth_mode: { type: 'string', enum: ['proxy', 'embedded'] },
        allow_unauthenticated: {
          type: 'boolean',
          description:
            'with auth_mode proxy the API may be reached from other machines: what is in front checks callers',
        },
        embedded_auth: embeddedAuth,
      },
    },
    bootstrap: { type: 'object', properties: { nodes: multiaddrs } },
    discovery: { type: 'object', properties: { mdns: { type: 'boolean' } } },
    sync: {
      type: 'object',
      properties: {
        timeout_ms: milliseconds,
        interval_ms: { ...milliseconds, description: 'least time between two rounds' },
        frequency_ms: { ...milliseconds, description: 'period of the round' },
      },
    },
    datastore: folder,
    blobstore: folder,
  },
} as const

export type NodeConfig = XStatic<typeof NodeConfigSchema>
