// The node's config.toml. Keys and layout are those of merod, so that tools which edit the file keep working; what this
// node adds is optional. Unknown keys are kept out of the way: they are ignored.
import { type Static, Type } from 'typebox'

const Multiaddrs = Type.Array(Type.String(), { description: 'multiaddrs, e.g. /ip4/127.0.0.1/tcp/2428' })
const Milliseconds = Type.Integer({ minimum: 1 })

export const NodeConfigSchema = Type.Object({
  identity: Type.Object({
    peer_id: Type.String({ description: 'libp2p peer id of the key below' }),
    keypair: Type.String({ description: 'base58 of the libp2p protobuf of an Ed25519 private key; secret' }),
  }),
  swarm: Type.Object({ listen: Multiaddrs }),
  server: Type.Object({
    listen: Multiaddrs,
    auth_mode: Type.Optional(Type.Union([Type.Literal('proxy'), Type.Literal('embedded')])),
  }),
  bootstrap: Type.Optional(Type.Object({ nodes: Type.Optional(Multiaddrs) })),
  discovery: Type.Optional(Type.Object({ mdns: Type.Optional(Type.Boolean()) })),
  sync: Type.Optional(
    Type.Object({
      timeout_ms: Type.Optional(Milliseconds),
      interval_ms: Type.Optional(Type.Integer({ minimum: 1, description: 'least time between two rounds' })),
      frequency_ms: Type.Optional(Type.Integer({ minimum: 1, description: 'period of the round' })),
    }),
  ),
  datastore: Type.Optional(Type.Object({ path: Type.Optional(Type.String()) })),
  blobstore: Type.Optional(Type.Object({ path: Type.Optional(Type.String()) })),
})

export type NodeConfig = Static<typeof NodeConfigSchema>
