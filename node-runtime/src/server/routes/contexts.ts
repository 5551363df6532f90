// Contexts: create, look at, join, synchronise.
import { type Static, Type } from 'typebox'
import { type ContextId, type GroupId, idBase58, idBytes, parseBase58Id, parseHexId } from '../../base/ids.ts'
import { until, WaitError } from '../../base/until.ts'
import type { Context } from '../../context/context.ts'
import { ContextError } from '../../context/errors.ts'
import type { Namespace } from '../../context/namespaces/namespace.ts'
import { byteArray, contextIdOf, pageOf } from '../encodings.ts'
import { ByteList, Text } from '../fields.ts'
import { CONTEXT_KNOWN_WAIT_MS, INIT_PARAMS_BYTES_MAX, NAME_BYTES_MAX } from '../limits.ts'
import { contextOf, installedId, noMember } from '../lookups.ts'
import type { NodeServices } from '../ports.ts'
import { NoBody, NoFields, Page, type Route, route } from '../route.ts'

const ByContext = Type.Object({ id: Type.String() })

const CreateBody = Type.Object({
  applicationId: Type.String(),
  groupId: Type.String(),
  initializationParams: ByteList(INIT_PARAMS_BYTES_MAX),
  serviceName: Type.Optional(Type.Union([Text(NAME_BYTES_MAX), Type.Null()])),
  contextSeed: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  name: Type.Optional(Type.Union([Text(NAME_BYTES_MAX, 1), Type.Null()])),
})

function contextJson(context: Context): object {
  const { record } = context
  const heads = context.heads()
  return {
    id: idBase58(record.id),
    applicationId: idBase58(record.applicationId),
    contextStateHash: idBase58(context.root),
    ...(record.serviceName === undefined ? {} : { serviceName: record.serviceName }),
    ...(heads.length === 0 ? {} : { dagHeads: heads.map((head) => byteArray(idBytes(head))) }),
    ...(record.name === undefined ? {} : { name: record.name }),
  }
}

function createRequest(node: NodeServices, body: Static<typeof CreateBody>) {
  return {
    applicationId: installedId(node, body.applicationId),
    groupId: parseHexId<GroupId>(body.groupId),
    initParams: Uint8Array.from(body.initializationParams),
    ...(typeof body.contextSeed === 'string' ? { seed: idBytes(parseBase58Id<ContextId>(body.contextSeed)) } : {}),
    ...(typeof body.name === 'string' ? { name: body.name } : {}),
    ...(typeof body.serviceName === 'string' ? { serviceName: body.serviceName } : {}),
  }
}

/** The namespace whose log names the context; a log that is behind gets a little time. Throws CONTEXT_NOT_FOUND. */
async function namespaceOf(node: NodeServices, id: ContextId, signal: AbortSignal): Promise<Namespace> {
  const find = () => node.namespaces.list().find((namespace) => namespace.state.contexts.has(id))
  try {
    return await until({
      what: `context ${id} in a namespace of this node`,
      clock: node.ports.clock,
      timeoutMs: CONTEXT_KNOWN_WAIT_MS,
      intervalMs: 100,
      signal,
      probe: async () => {
        const found = find()
        if (found) return { done: found }
        for (const namespace of node.namespaces.list()) await node.sync.syncNamespace(namespace.id, { signal })
        return { seen: `${node.namespaces.list().length} namespaces without it` }
      },
    })
  } catch (cause) {
    if (!(cause instanceof WaitError)) throw cause
    throw new ContextError('CONTEXT_NOT_FOUND', `context ${idBase58(id)} is in no namespace this node has joined`, {
      cause,
    })
  }
}

export const contextRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/contexts',
    summary: 'Contexts whose state is on this node',
    permission: 'context:list',
    params: NoFields,
    query: Page,
    body: NoBody,
    handle: async ({ node }, { query }) => {
      const records = pageOf(node.contexts.list(), query)
      const contexts = await Promise.all(records.map(async (record) => contextJson(await node.contexts.get(record.id))))
      return { data: { contexts } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts',
    summary: 'Create a context of an application in a group',
    permission: 'context:create',
    params: NoFields,
    query: NoFields,
    body: CreateBody,
    handle: async ({ node }, { body }) => {
      const context = await node.contexts.create(createRequest(node, body))
      return {
        data: {
          contextId: idBase58(context.record.id),
          memberPublicKey: idBase58(node.identity.publicKey),
          groupId: context.record.groupId,
          groupCreated: false,
        },
      }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id',
    summary: 'One context: root, heads',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => ({ data: contextJson(await contextOf(node, contextIdOf(params.id))) }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/storage',
    summary: 'Size of a context’s state',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => ({
      data: { sizeInBytes: (await contextOf(node, contextIdOf(params.id))).sizeInBytes },
    }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/identities',
    summary: 'Public keys of the members who may read a context',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => {
      const { record } = await contextOf(node, contextIdOf(params.id))
      const { state } = node.namespaces.get(record.namespaceId)
      const members = [...state.members.values()].filter(({ publicKey }) => state.isMember(record.groupId, publicKey))
      return { data: { identities: members.map(({ publicKey }) => idBase58(publicKey)) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/identities-owned',
    summary: 'Public keys of members that this node holds',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => {
      const { record } = await contextOf(node, contextIdOf(params.id))
      const { state } = node.namespaces.get(record.namespaceId)
      const { publicKey } = node.identity
      return { data: { identities: state.isMember(record.groupId, publicKey) ? [idBase58(publicKey)] : [] } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/group',
    summary: 'The group that owns a context',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => ({
      data: (await contextOf(node, contextIdOf(params.id))).record.groupId,
    }),
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts/:id/join',
    summary: 'Wait until a context of a joined namespace can be called here',
    permission: 'context:execute[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params, signal }) => {
      const id = contextIdOf(params.id)
      const namespace = await namespaceOf(node, id, signal)
      if (!namespace.mayRead(id, node.identity.publicKey)) throw noMember(id)
      const context = await node.joiner.ready(namespace, id, { signal })
      return {
        data: { contextId: idBase58(context.record.id), memberPublicKey: idBase58(node.identity.publicKey) },
      }
    },
  }),
  ...['/admin-api/contexts/sync', '/admin-api/contexts/sync/'].map((url) =>
    route({
      method: 'POST',
      url,
      summary: 'One round of synchronisation of every context',
      permission: 'context:execute',
      params: NoFields,
      query: NoFields,
      body: NoBody,
      handle: async ({ node }, { signal }) => {
        await Promise.all(node.contexts.list().map(({ id }) => node.sync.syncContext(id, { signal })))
        return { data: null }
      },
    }),
  ),
  route({
    method: 'POST',
    url: '/admin-api/contexts/sync/:id',
    summary: 'One round of synchronisation of a context',
    permission: 'context:execute[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params, signal }) => {
      const { record } = await contextOf(node, contextIdOf(params.id))
      await node.sync.syncContext(record.id, { signal })
      return { data: null }
    },
  }),
]
