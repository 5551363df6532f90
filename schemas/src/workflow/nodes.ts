// `nodes` and `remote_nodes` of a workflow file. Unknown keys are tolerated in both, except in `auth`.

import type { Static } from 'typebox'
import { Type } from '../type.ts'

const port = (description: string) => Type.Integer({ minimum: 1, maximum: 65535, description })

/** Keys of `nodes` that are not node names. Beside named nodes they are the defaults of each. */
export const sharedNodeSettings = Type.Object({
  count: Type.Optional(Type.Integer({ minimum: 1, description: 'How many nodes to start: <prefix>-1, <prefix>-2, …' })),
  prefix: Type.Optional(
    Type.String({ minLength: 1, description: 'Start of the names of counted nodes (calimero-node)' }),
  ),
  image: Type.Optional(Type.String({ description: 'Container image; only for drivers that run one' })),
  base_port: Type.Optional(port('Swarm port of the first node; the next ones count up')),
  base_rpc_port: Type.Optional(port('HTTP port of the first node; the next ones count up')),
  config_path: Type.Optional(Type.String({ description: 'Configuration of a named node, relative to the file' })),
  use_image_entrypoint: Type.Optional(Type.Boolean({ description: "Keep the image's entry point" })),
  mdns: Type.Optional(Type.Boolean({ description: 'Discover peers of the local network' })),
  network_admin: Type.Optional(Type.Boolean({ description: 'Allow network faults inside containers' })),
})
export type SharedNodeSettings = Static<typeof sharedNodeSettings>

export const namedNode = Type.Object({
  port: Type.Optional(port('Swarm port')),
  rpc_port: Type.Optional(port('HTTP port')),
  image: Type.Optional(Type.String()),
  data_dir: Type.Optional(Type.String()),
  config_path: Type.Optional(Type.String({ description: 'Accepted and without effect' })),
  use_image_entrypoint: Type.Optional(Type.Boolean()),
  mock_tee: Type.Optional(Type.Boolean({ description: 'Answer TEE requests with mock attestations' })),
  mdns: Type.Optional(Type.Boolean()),
  network_admin: Type.Optional(Type.Boolean()),
})
export type NamedNode = Static<typeof namedNode>

export const remoteNodeAuth = Type.Object(
  {
    method: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('api_key'), Type.Literal('password')])),
    username: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    api_key: Type.Optional(Type.String()),
    key: Type.Optional(Type.String({ description: 'Same as api_key' })),
  },
  { additionalProperties: false },
)
export type RemoteNodeAuth = Static<typeof remoteNodeAuth>

export const remoteNode = Type.Object({
  url: Type.String({ minLength: 1, description: 'Base URL; environment variables in it are expanded' }),
  auth: Type.Optional(remoteNodeAuth),
  description: Type.Optional(Type.String()),
})
export type RemoteNode = Static<typeof remoteNode>
