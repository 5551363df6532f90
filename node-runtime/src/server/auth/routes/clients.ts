// Client keys: what programs are let in with.
import { type Static, Type } from 'typebox'
import { NoBody, NoFields } from '../../routing/route.ts'
import type { ClientKeyRow } from '../auth-port.ts'
import { type AuthRoute, protectedRoute } from '../auth-route.ts'
import { seconds } from './keys.ts'
import { TokenPairData } from './logins.ts'

const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const NewClient = Type.Object({
  context_id: OptionalText,
  context_identity: OptionalText,
  permissions: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  target_node_url: OptionalText,
})

const rowOf = (key: ClientKeyRow) => ({
  client_id: key.id,
  root_key_id: key.rootId,
  name: key.name,
  permissions: key.permissions,
  created_at: seconds(key.createdAtMs),
  revoked_at: seconds(key.revokedAtMs),
  is_valid: key.revokedAtMs === undefined,
})

const newClient = (url: string): AuthRoute =>
  protectedRoute({
    method: 'POST',
    url,
    summary: 'Make a client key, for a context or with permissions of the caller; answers with its tokens',
    permission: 'admin',
    params: NoFields,
    body: NewClient,
    data: TokenPairData,
    failures: [409],
    handle: async ({ auth }, { body }: { body: Static<typeof NewClient> }, caller) => {
      const pair = await auth.keys.addClient(caller, {
        contextId: body.context_id ?? undefined,
        contextIdentity: body.context_identity ?? undefined,
        permissions: body.permissions ?? [],
        nodeUrl: body.target_node_url ?? undefined,
      })
      return { ...pair, error: null }
    },
  })

export const clientRoutes: readonly AuthRoute[] = [
  protectedRoute({
    method: 'GET',
    url: '/admin/keys/clients',
    summary: 'Client keys of every root key',
    permission: 'keys:clients:list',
    params: NoFields,
    body: NoBody,
    handle: async ({ auth }) => auth.keys.clients().map(rowOf),
  }),
  newClient('/admin/client-key'),
  protectedRoute({
    method: 'DELETE',
    url: '/admin/keys/:id/clients/:client',
    summary: 'Revoke a client key of this root key',
    permission: 'keys:clients:delete',
    params: Type.Object({ id: Type.String(), client: Type.String() }),
    body: NoBody,
    handle: async ({ auth }, { params }, caller) => {
      const key = await auth.keys.revokeClient(caller, params.client, params.id)
      return { client_id: key.id, revoked_at: seconds(key.revokedAtMs) }
    },
  }),
  protectedRoute({
    method: 'POST',
    url: '/admin/revoke',
    summary: 'Revoke a client key',
    permission: 'admin',
    params: NoFields,
    body: Type.Object({ client_id: Type.String({ minLength: 1 }) }),
    handle: async ({ auth }, { body }, caller) => {
      const key = await auth.keys.revokeClient(caller, body.client_id)
      return { client_id: key.id, revoked_at: seconds(key.revokedAtMs) }
    },
  }),
]
