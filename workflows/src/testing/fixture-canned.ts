// Routes of fixture nodes whose answer is fixed, or kept from the last PUT: enough for kinds that are one request.
import { FixtureHttpError } from './fixture-http-error.ts'
import type { FixtureNode } from './fixture-network.ts'

type Handle = (node: FixtureNode, params: string[], body: unknown) => unknown

const done = () => ({})

/** Method and path below /admin-api → what is answered. */
export const cannedRoutes: Readonly<Record<string, Handle>> = {
  'GET /identity': (node) => ({
    data: { accountId: node.account, deviceId: null, publicKey: node.identity, accountRootPublicKey: 'ab'.repeat(32) },
  }),
  'GET /applications/:id': (_, [id]) => ({
    data: { application: { id, version: '1.2.0', blob: { bytecode: 'b58' } } },
  }),
  'GET /applications/:id/versions': () => ({ data: [{ version: '1.0.0', blobId: 'x', size: 1, package: 'p' }] }),
  'DELETE /applications/:id': (_, [id]) => ({ data: { applicationId: id } }),
  'DELETE /contexts/:id': () => ({ data: { isDeleted: true } }),
  'POST /contexts/:id/leave': (node, [id]) => ({ data: { contextId: id, memberPublicKey: node.identity } }),
  'POST /contexts/:id/resync': (_, [id]) => ({ contextId: id, resyncStarted: true }),
  'DELETE /namespaces/:id': () => ({ data: { isDeleted: true } }),
  'GET /namespaces': (node) => ({ data: [...node.network.groups.keys()].map((id) => ({ namespaceId: id })) }),
  'GET /namespaces/:id/groups': () => ({ data: [] }),
  'POST /namespaces/:id/leave': (node, [id]) => ({ data: { namespaceId: id, memberPublicKey: node.identity } }),
  'POST /namespaces/:id/account/pair-init': () => ({
    data: { deviceId: 'dev', kemPublicKey: 'k', signPublicKey: 's', statement: 'st', confirmationCode: '123' },
  }),
  'POST /namespaces/:id/account/pair-complete': () => ({
    data: { accountId: 'acc', keyDelivered: true, confirmationCode: '123' },
  }),
  'POST /namespaces/:id/account/revoke': () => ({
    data: { accountId: 'acc', deviceId: 'dev', keyRotated: true, revokedIn: [] },
  }),
  'DELETE /groups/:id': () => ({ data: { isDeleted: true } }),
  'POST /groups/:id/leave': (node, [id]) => ({ data: { groupId: id, memberPublicKey: node.identity } }),
  'GET /groups/:id/subgroups': () => ({ subgroups: [{ groupId: 'sub', name: 'a' }] }),
  'GET /groups/:id/contexts': (node, [id = '']) => ({
    data: (node.network.groups.get(id)?.contexts ?? []).map((contextId) => ({ contextId })),
  }),
  'POST /groups/:id/reparent': () => ({ reparented: true }),
  'POST /groups/:id/sync': (_, [id]) => ({ data: { groupId: id, memberCount: 1 } }),
  'POST /groups/:id/join-via-inheritance': (node, [id]) => ({
    data: { groupId: id, memberPublicKey: node.identity, wasInherited: true },
  }),
  'PUT /groups/:id/settings/subgroup-visibility': done,
  'PUT /groups/:id/settings/default-capabilities': done,
  'PUT /groups/:id/settings/tee-admission-policy': done,
  'POST /groups/:id/contexts/:ctx/remove': done,
  'POST /groups/:id/members': done,
  'POST /groups/:id/members/remove': done,
  'PUT /groups/:id/members/:member/role': done,
  'PUT /groups/:id/members/:member/auto-follow': done,
  'PUT /groups/:id/members/:member/capabilities': done,
  'GET /groups/:id/members/:member/capabilities': () => ({ data: { capabilities: 7 } }),
  ...metadataOf('/groups/:id'),
  ...metadataOf('/groups/:id/members/:member'),
  ...metadataOf('/groups/:id/contexts/:ctx'),
  'POST /groups/:id/upgrade': (_, [id]) => ({ data: { groupId: id, status: 'in_progress' } }),
  'GET /groups/:id/upgrade/status': () => ({ data: { status: 'completed', fromVersion: '1', toVersion: '2' } }),
  'POST /groups/:id/upgrade/retry': (_, [id]) => ({ data: { groupId: id, status: 'completed' } }),
  'POST /groups/:id/migration/abort': (_, [id]) => ({ namespaceId: id, aborted: true }),
  'PUT /blobs': (node, _, body) => {
    const id = `blob${node.blobs.size + 1}`
    node.blobs.set(id, JSON.stringify(body))
    return { data: { blob_id: id, size: JSON.stringify(body).length } }
  },
  'GET /blobs/:id': (node, [id = '']) => {
    const blob = node.blobs.get(id)
    if (blob === undefined) throw new FixtureHttpError(404, `blob ${id} not found`)
    return JSON.parse(blob)
  },
  'DELETE /blobs/:id': (node, [id = '']) => {
    if (!node.blobs.delete(id)) throw new FixtureHttpError(404, `blob ${id} not found`)
    return { blob_id: id, deleted: true }
  },
  'POST /tee/fleet-join': (node) => ({ status: 'ok', admitted: true, account: node.account, public_key: 'pk' }),
}

/** A record as it was last put, or null. */
function metadataOf(path: string): Record<string, Handle> {
  return {
    [`PUT ${path}/metadata`]: (node, params, body) => {
      node.records.set(params.join('/'), body)
      return {}
    },
    [`GET ${path}/metadata`]: (node, params) => ({ data: node.records.get(params.join('/')) ?? null }),
  }
}
