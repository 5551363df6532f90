// Root keys: who can log in.
import { Type } from 'typebox'
import { CodedError } from '../../../base/errors.ts'
import { NoBody, NoFields } from '../../routing/route.ts'
import type { RootKeyRow } from '../auth-port.ts'
import { type AuthRoute, protectedRoute } from '../auth-route.ts'

const Text = Type.String({ minLength: 1 })
export const KeyParams = Type.Object({ id: Type.String() })
const Permissions = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]))

const PermissionsData = Type.Object({ permissions: Type.Array(Type.String()) })

/** Times are Unix seconds there. */
export const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : Math.floor(ms / 1000))

const RootRow = Type.Object({
  key_id: Type.String(),
  public_key: Type.String(),
  auth_method: Type.String(),
  created_at: Type.Integer(),
  revoked_at: Type.Union([Type.Integer(), Type.Null()]),
  permissions: Type.Array(Type.String()),
})

const rowOf = (key: RootKeyRow) => ({
  key_id: key.id,
  public_key: key.publicKey,
  auth_method: key.method,
  created_at: seconds(key.createdAtMs),
  revoked_at: seconds(key.revokedAtMs),
  permissions: key.permissions,
})

export const keyRoutes: readonly AuthRoute[] = [
  protectedRoute({
    method: 'GET',
    url: '/admin/keys',
    summary: 'Root keys: everybody who can log in, and who once could',
    permission: 'keys:list',
    params: NoFields,
    body: NoBody,
    data: Type.Array(RootRow),
    handle: async ({ auth }) => auth.keys.roots().map(rowOf),
  }),
  protectedRoute({
    method: 'POST',
    url: '/admin/keys',
    summary: 'Add a root key with every permission; only a root key may',
    permission: 'admin',
    params: NoFields,
    body: Type.Object({
      public_key: Text,
      auth_method: Text,
      provider_data: Type.Object({}),
      target_node_url: Type.Optional(Type.Any()),
    }),
    failures: [409],
    handle: async ({ auth }, { body }, caller) => {
      const data = { ...body.provider_data }
      await auth.keys.addRoot(caller, { method: body.auth_method, publicKey: body.public_key, data })
      return { status: true, message: 'the key was added' }
    },
  }),
  protectedRoute({
    method: 'DELETE',
    url: '/admin/keys/:id',
    summary: 'Revoke a root key, its logins and its client keys; the last administrator stays (status false)',
    permission: 'admin',
    params: KeyParams,
    body: NoBody,
    handle: async ({ auth }, { params }, caller) => {
      try {
        const key = await auth.keys.revokeRoot(caller, params.id)
        return { key_id: key.id, revoked_at: seconds(key.revokedAtMs) }
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'LAST_ADMIN') throw error
        return { status: false, message: error.message }
      }
    },
  }),
  protectedRoute({
    method: 'GET',
    url: '/admin/keys/:id/permissions',
    summary: 'Permissions of a key',
    permission: 'keys:permissions:get',
    params: KeyParams,
    body: NoBody,
    data: PermissionsData,
    handle: async ({ auth }, { params }) => ({ permissions: auth.keys.permissionsOf(params.id) }),
  }),
  protectedRoute({
    method: 'PUT',
    url: '/admin/keys/:id/permissions',
    summary: 'Add and remove permissions, of which the caller has all; only a root key may',
    permission: 'admin',
    params: KeyParams,
    body: Type.Object({ add: Permissions, remove: Permissions }),
    data: PermissionsData,
    failures: [409],
    handle: async ({ auth }, { params, body }, caller) => {
      const change = { add: body.add ?? [], remove: body.remove ?? [] }
      return { permissions: await auth.keys.changePermissions(caller, params.id, change) }
    },
  }),
]
