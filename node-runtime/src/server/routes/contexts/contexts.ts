// Contexts: create, list, look at.
import { type Static, Type } from 'typebox'
import { toHex } from '../../../base/bytes.ts'
import { type ApplicationId, type ContextId, type GroupId, idBase58, idBytes, parseHexId } from '../../../base/ids.ts'
import type { Context } from '../../../context/context.ts'
import type { Asker } from '../../access/asker.ts'
import { refuseStranger, seenBy } from '../../access/membership.ts'
import { ServerError } from '../../errors.ts'
import { applicationIdOf, base58IdOf, byteArray, contextIdOf, pageOf } from '../../formats/encodings.ts'
import { ByteList, OptionalText } from '../../formats/fields.ts'
import { Base58, ContextShape, ContextStanding, Count, Hex32 } from '../../formats/shapes.ts'
import { INIT_PARAMS_BYTES_MAX, NAME_BYTES_MAX } from '../../limits.ts'
import { contextOf, installedId } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, Page, type Route, type RouteParts, route } from '../../routing/route.ts'
import { ownedIdentities } from './members.ts'

const ByContext = Type.Object({ id: Type.String() })
const ByApplication = Type.Object({ app: Type.String() })
const Listed = Data(
  Type.Object({ contexts: Type.Array(Type.Intersect([ContextShape, Type.Object({ groupId: Hex32 })])) }),
)

const CreateBody = Type.Object({
  applicationId: Type.String(),
  /** Without one the context goes into a namespace of its application that this node keeps for such clients. */
  groupId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  initializationParams: ByteList(INIT_PARAMS_BYTES_MAX),
  serviceName: OptionalText(NAME_BYTES_MAX),
  contextSeed: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  identitySecret: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  name: OptionalText(NAME_BYTES_MAX, 1),
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

function standingOf({ namespaces, identity }: NodeServices, { record, removals, beneath }: Context) {
  return {
    ...(removals && { removals: toHex(removals) }),
    ...(beneath && { checkpoint: toHex(beneath) }),
    isMember: namespaces.list().some((namespace) => namespace.mayRead(record.id, identity.publicKey)),
  }
}

async function createIn({ node, defaultGroups }: RouteParts, body: Static<typeof CreateBody>) {
  if (typeof body.identitySecret === 'string') {
    throw new ServerError('NOT_IMPLEMENTED', 'identitySecret: a node has one member key, in every context')
  }
  const applicationId = installedId(node, body.applicationId)
  requireService(node, applicationId, body.serviceName ?? undefined)
  const request = {
    applicationId,
    initParams: Uint8Array.from(body.initializationParams),
    ...(typeof body.contextSeed === 'string'
      ? { seed: idBytes(base58IdOf<ContextId>(body.contextSeed, 'contextSeed')) }
      : {}),
    ...(typeof body.name === 'string' ? { name: body.name } : {}),
    ...(typeof body.serviceName === 'string' ? { serviceName: body.serviceName } : {}),
  }
  const { groupId, created } =
    typeof body.groupId === 'string'
      ? { groupId: parseHexId<GroupId>(body.groupId), created: false }
      : await defaultGroups.of(applicationId)
  return { context: await node.contexts.create({ ...request, groupId }), groupCreated: created }
}

/**
 * Throws ServerError BAD_REQUEST. The name is the context's for good, and decides what it may be upgraded to: one that means
 * nothing yet is a mistake of whoever asks.
 */
function requireService({ applications }: NodeServices, id: ApplicationId, name: string | undefined): void {
  const names = applications.get(id)?.services.map((each) => each.name) ?? []
  const isKnown = name === undefined ? names.length < 2 : names.includes(name)
  if (isKnown) return
  const has = names.length === 0 ? 'no services, so none is named' : `the services ${names.join(', ')}`
  const asked = name === undefined ? 'say which: ' : `there is no ${JSON.stringify(name)}: `
  throw new ServerError('BAD_REQUEST', `serviceName: ${asked}application ${idBase58(id)} has ${has}`)
}

async function listed(node: NodeServices, asker: Asker, application: ApplicationId): Promise<Context[]> {
  const seen = seenBy(node, asker)
  const records = node.contexts
    .list()
    .filter(({ id, applicationId }) => application === applicationId && seen.context(id))
  return Promise.all(records.map(({ id }) => node.contexts.get(id)))
}

function listedJson(context: Context): object {
  return { ...contextJson(context), groupId: context.record.groupId }
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
    response: Listed,
    handle: async ({ node }, { query, asker }) => {
      const seen = seenBy(node, asker)
      const all = node.contexts.list().filter(({ id }) => seen.context(id))
      const records = pageOf(all, query)
      const contexts = await Promise.all(records.map(({ id }) => node.contexts.get(id)))
      return { data: { contexts: contexts.map(listedJson) } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/contexts',
    summary: 'Create a context of an application, in a group or in the namespace kept for those without one',
    permission: 'context:create',
    params: NoFields,
    query: NoFields,
    body: CreateBody,
    json: { bytesMax: INIT_PARAMS_BYTES_MAX },
    response: Data(
      Type.Object({ contextId: Base58, memberPublicKey: Base58, groupId: Hex32, groupCreated: Type.Boolean() }),
    ),
    failures: [404, 409, 501],
    handle: async (parts, { body, asker }) => {
      refuseStranger(parts.node, asker, { groupId: body.groupId ?? undefined })
      const { context, groupCreated } = await createIn(parts, body)
      return {
        data: {
          contextId: idBase58(context.record.id),
          memberPublicKey: idBase58(parts.node.identity.publicKey),
          groupId: context.record.groupId,
          groupCreated,
        },
      }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id',
    summary: 'One context: root, heads, and what else decides its state',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Intersect([ContextShape, ContextStanding])),
    handle: async ({ node }, { params }) => {
      const context = await contextOf(node, contextIdOf(params.id))
      return { data: { ...contextJson(context), ...standingOf(node, context) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/for-application/:app',
    summary: 'Contexts of an application whose state is on this node',
    permission: 'context:list[:app]',
    params: ByApplication,
    query: Page,
    body: NoBody,
    response: Listed,
    handle: async ({ node }, { params, query, asker }) => {
      const contexts = await listed(node, asker, applicationIdOf(params.app))
      return { data: { contexts: pageOf(contexts, query).map(listedJson) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/with-executors/for-application/:app',
    summary: 'The same with the identities of this node that may call there',
    permission: 'context:list[:app]',
    params: ByApplication,
    query: NoFields,
    body: NoBody,
    response: Type.Object({
      contexts: Type.Array(
        Type.Object({ id: Base58, application_id: Base58, contextStateHash: Base58, executors: Type.Array(Base58) }),
      ),
    }),
    handle: async ({ node }, { params, asker }) => {
      const contexts = await listed(node, asker, applicationIdOf(params.app))
      return {
        contexts: contexts.map((context) => ({
          id: idBase58(context.record.id),
          application_id: idBase58(context.record.applicationId),
          contextStateHash: idBase58(context.root),
          executors: ownedIdentities(node, context),
        })),
      }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/storage',
    summary: 'Size of a context’s state',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ sizeInBytes: Count })),
    handle: async ({ node }, { params }) => ({
      data: { sizeInBytes: (await contextOf(node, contextIdOf(params.id))).sizeInBytes },
    }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/contexts/:id/group',
    summary: 'The group that owns a context',
    permission: 'context:list[:id]',
    params: ByContext,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Union([Hex32, Type.Null()])),
    handle: async ({ node }, { params }) => ({
      data: (await contextOf(node, contextIdOf(params.id))).record.groupId,
    }),
  }),
]
