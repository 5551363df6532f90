// Settings and metadata of a group.
import { type Static, Type } from 'typebox'
import type { AccountId, ContextId } from '../../../base/ids.ts'
import type { MetadataSet } from '../../../base/operations.ts'
import { detachContext, govern } from '../../../context/namespaces/administration.ts'
import { ALL_CAPABILITIES } from '../../../governance/capabilities.ts'
import type { MetadataRecord } from '../../../governance/namespace-state.ts'
import { ServerError } from '../../errors.ts'
import { contextIdOf } from '../../formats/encodings.ts'
import { OptionalText, Text } from '../../formats/fields.ts'
import {
  ByContextOf,
  ByGroup,
  ByMember,
  groupOf,
  memberIn,
  RecordShape,
  recordJson,
} from '../../formats/group-shapes.ts'
import { Nothing } from '../../formats/shapes.ts'
import { METADATA_FIELDS_MAX, METADATA_KEY_BYTES_MAX, METADATA_VALUE_BYTES_MAX, NAME_BYTES_MAX } from '../../limits.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'
import { Capabilities } from './members.ts'

const RecordBody = Type.Object({
  name: OptionalText(NAME_BYTES_MAX, 1),
  data: Type.Optional(Type.Union([Type.Record(Type.String(), Text(METADATA_VALUE_BYTES_MAX)), Type.Null()])),
})
const RecordAnswer = Data(Type.Union([RecordShape, Type.Null()]))

function changeOf(body: Static<typeof RecordBody>): Pick<MetadataSet, 'kind' | 'name' | 'fields'> {
  const fields = Object.entries(body.data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  if (fields.length > METADATA_FIELDS_MAX) {
    throw new ServerError('BAD_REQUEST', `data has ${fields.length} fields, at most ${METADATA_FIELDS_MAX} fit`)
  }
  const wrong = fields.find(([key]) => key === '' || Buffer.byteLength(key) > METADATA_KEY_BYTES_MAX)
  if (wrong) throw new ServerError('BAD_REQUEST', `a key of data has 1 to ${METADATA_KEY_BYTES_MAX} bytes`)
  return { kind: 'metadata_set', fields, ...(typeof body.name === 'string' ? { name: body.name } : {}) }
}

function answerOf(record: MetadataRecord | undefined): object {
  return { data: record === undefined ? null : recordJson(record) }
}

interface Named {
  readonly gid: string
  readonly account?: string
  readonly ctx?: string
}

/** Throws IdError, GROUP_NOT_FOUND, NOT_FOUND for a member or a context that is not in the group. */
function targetOf(node: NodeServices, { gid, account, ctx }: Named) {
  const { namespace, group, groupId } = groupOf(node, gid)
  const about: { account?: AccountId; contextId?: ContextId } = {}
  if (account !== undefined) about.account = memberIn(namespace, groupId, account)
  if (ctx !== undefined) about.contextId = contextIdOf(ctx)
  if (about.contextId !== undefined && !group.contexts.has(about.contextId)) {
    throw new ServerError('NOT_FOUND', `context ${ctx} is not in group ${groupId}`)
  }
  return { group, groupId, about }
}

function read(node: NodeServices, named: Named): object {
  const { group, about } = targetOf(node, named)
  if (about.account !== undefined) return answerOf(group.memberMetadata.get(about.account))
  if (about.contextId !== undefined) return answerOf(group.contexts.get(about.contextId)?.metadata)
  return answerOf(group.metadata)
}

async function write(node: NodeServices, named: Named, body: Static<typeof RecordBody>): Promise<object> {
  const { groupId, about } = targetOf(node, named)
  await govern(node, groupId, { ...changeOf(body), groupId, ...about })
  return {}
}

const METADATA = [
  { of: 'a group', params: ByGroup, url: '/admin-api/groups/:gid/metadata' },
  { of: 'a member of a group', params: ByMember, url: '/admin-api/groups/:gid/members/:account/metadata' },
  { of: 'a context of a group', params: ByContextOf, url: '/admin-api/groups/:gid/contexts/:ctx/metadata' },
] as const

const metadataRoutes = METADATA.flatMap(({ of, params, url }) => [
  route({
    method: 'GET',
    url,
    summary: `Name and free fields of ${of}`,
    permission: 'group:list[:gid]',
    params,
    query: NoFields,
    body: NoBody,
    response: RecordAnswer,
    handle: async ({ node }, request) => read(node, request.params),
  }),
  route({
    method: 'PUT',
    url,
    summary: `Replace name and free fields of ${of}`,
    permission: 'group:manage[:gid]',
    params,
    query: NoFields,
    body: RecordBody,
    response: Nothing,
    handle: async ({ node }, request) => write(node, request.params, request.body),
  }),
])

export const groupSettingRoutes: readonly Route[] = [
  ...metadataRoutes,
  route({
    method: 'PUT',
    url: '/admin-api/groups/:gid/settings/default-capabilities',
    summary: 'Set what members of a group may do that have no value of their own; unknown bits are dropped',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({ defaultCapabilities: Capabilities }),
    response: Nothing,
    handle: async ({ node }, { params, body }) => {
      const { groupId } = groupOf(node, params.gid)
      const capabilities = body.defaultCapabilities & ALL_CAPABILITIES
      await govern(node, groupId, { kind: 'capabilities_set', groupId, capabilities })
      return {}
    },
  }),
  route({
    method: 'PUT',
    url: '/admin-api/groups/:gid/settings/subgroup-visibility',
    summary: 'Open a group to the members of the groups above it, or close it to them',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({ subgroupVisibility: Type.Union([Type.Literal('open'), Type.Literal('restricted')]) }),
    response: Nothing,
    handle: async ({ node }, { params, body }) => {
      const { group, groupId } = groupOf(node, params.gid)
      const visibility = body.subgroupVisibility
      if (group.visibility !== visibility) await govern(node, groupId, { kind: 'visibility_set', groupId, visibility })
      return {}
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/contexts/:ctx/remove',
    summary: 'Take a context out of its group, on every node and for good',
    permission: 'group:manage[:gid]',
    params: ByContextOf,
    query: NoFields,
    body: NoBody,
    response: Nothing,
    handle: async ({ node }, { params }) => {
      await detachContext(node, contextIdOf(params.ctx), groupOf(node, params.gid).groupId)
      return {}
    },
  }),
]
