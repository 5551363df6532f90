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
      properties: { listen: multiaddrs, auth_mode: { type: 'string', enum: ['proxy', 'embedded'] } },
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
