// Attested nodes: what this one says of itself, which ones a namespace lets in, and joining as one of them.
import { type Static, Type } from 'typebox'
import { type Bytes, compareBytes, concat, fromHex, toHex } from '../../../base/bytes.ts'
import { taggedHash } from '../../../base/hash.ts'
import { type ApplicationId, type GroupId, idBase58, idBytes, parseBase58Id, parseHexId } from '../../../base/ids.ts'
import type { TeePolicy } from '../../../base/operations.ts'
import type { Attester } from '../../../context/attestation/attester.ts'
import { notAttested } from '../../../context/attestation/fleet-join.ts'
import { govern } from '../../../context/namespaces/administration.ts'
import { POLICY_MEASUREMENTS_MAX, POLICY_STATUSES_MAX, TCB_STATUS_BYTES_MAX } from '../../../wire/limits.ts'
import { ServerError } from '../../errors.ts'
import { Text } from '../../formats/fields.ts'
import { ByGroup, groupOf, ownGroupOf } from '../../formats/group-shapes.ts'
import { Base58, Count, Hex32, Nothing } from '../../formats/shapes.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const Hex48 = Type.String({ pattern: '^[0-9a-fA-F]{96}$' })
const Measured = Type.Array(Hex48, { maxItems: POLICY_MEASUREMENTS_MAX, default: [] })
const RTMRS = ['allowedRtmr0', 'allowedRtmr1', 'allowedRtmr2', 'allowedRtmr3'] as const

const policyFields = {
  allowedMrtd: Measured,
  allowedRtmr0: Measured,
  allowedRtmr1: Measured,
  allowedRtmr2: Measured,
  allowedRtmr3: Measured,
  allowedTcbStatuses: Type.Array(Text(TCB_STATUS_BYTES_MAX, 1), { maxItems: POLICY_STATUSES_MAX, default: [] }),
  acceptMock: Type.Boolean({ default: false }),
}
const PolicyBody = Type.Partial(Type.Object(policyFields))

/** Undefined where it would let nobody in: then there is none. */
function policyOf(body: Static<typeof PolicyBody>): TeePolicy | undefined {
  const mrtds = setOf(body.allowedMrtd)
  const acceptMock = body.acceptMock ?? false
  if (!acceptMock && mrtds.length === 0) return undefined
  const tcbStatuses = [...new Set(body.allowedTcbStatuses)].sort()
  return { acceptMock, mrtds, rtmrs: RTMRS.map((name) => setOf(body[name])), tcbStatuses }
}

function setOf(texts: readonly string[] = []): Bytes[] {
  return [...new Set(texts.map((text) => text.toLowerCase()))].map(fromHex).sort(compareBytes)
}

function policyJson(policy: TeePolicy | undefined): object {
  const { acceptMock = false, mrtds = [], rtmrs = [], tcbStatuses = [] } = policy ?? {}
  return {
    enabled: policy !== undefined,
    allowedMrtd: mrtds.map(toHex),
    ...Object.fromEntries(RTMRS.map((name, i) => [name, (rtmrs[i] ?? []).map(toHex)])),
    allowedTcbStatuses: tcbStatuses,
    acceptMock,
  }
}

function attesterOf(node: NodeServices): Attester {
  const { attester } = node.fleet
  if (!attester) throw notAttested()
  return attester
}

const HexText = Type.String({ pattern: '^([0-9a-f]{2})*$' })
const Quote = Type.Object({
  quoteB64: Type.String(),
  quote: Type.Object({
    header: Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer()])),
    body: Type.Record(Type.String(), HexText),
    signature: HexText,
    attestationKey: Hex32,
    certificationData: Type.Object({ type: Type.String(), data: HexText }),
  }),
})

export const attestedRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/tee/info',
    summary: 'The trusted environment that this node says it runs in; 501 where it runs in none',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ cloudProvider: Type.String(), osImage: Type.String(), mrtd: HexText })),
    failures: [501],
    handle: async ({ node }) => {
      const { platform, measurements } = attesterOf(node)
      return { data: { ...platform, mrtd: toHex(measurements.mrtd) } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/tee/attest',
    summary: 'A quote over a nonce, and an application; 501 where the node runs in no trusted environment',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: Type.Object({
      nonce: Type.String({ pattern: '^[0-9a-fA-F]{64}$' }),
      applicationId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    }),
    response: Data(Quote),
    failures: [501],
    handle: async ({ node }, { body }) => {
      const attester = attesterOf(node)
      const about =
        typeof body.applicationId === 'string' ? [idBytes(parseBase58Id<ApplicationId>(body.applicationId))] : []
      const bound = taggedHash('calbox/attested-node/1', idBytes(node.identity.publicKey), ...about)
      const { bytes, ...quote } = attester.quote(concat([fromHex(body.nonce.toLowerCase()), bound]))
      const key = { attestationKey: node.identity.publicKey, certificationData: { type: 'none', data: '' } }
      return { data: { quoteB64: Buffer.from(bytes).toString('base64'), quote: { ...quote, ...key } } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/tee/fleet-join',
    summary: 'Join the namespace of a group by attestation; answers when a member has let this node in, or after 30 s',
    permission: 'admin',
    params: NoFields,
    query: NoFields,
    body: Type.Object({ groupId: Type.String() }),
    response: Type.Object({
      status: Type.Union([Type.Literal('admitted'), Type.Literal('announced')]),
      group_id: Hex32,
      namespace_id: Type.Union([Hex32, Type.Null()]),
      public_key: Base58,
      account: Hex32,
      admitted: Type.Boolean(),
      auto_follow_enabled: Type.Boolean(),
      contexts_joined: Count,
      reason: Type.Optional(Type.String()),
    }),
    failures: [501],
    handle: async ({ node }, { body, signal }) => {
      const groupId = parseHexId<GroupId>(body.groupId)
      const joined = await node.fleet.join(groupId, { signal })
      const { namespace } = joined
      const ids = [...(namespace?.state.contexts.keys() ?? [])]
      return {
        status: namespace ? 'admitted' : 'announced',
        group_id: groupId,
        namespace_id: namespace?.id ?? null,
        public_key: idBase58(node.identity.publicKey),
        account: node.account,
        admitted: namespace !== undefined,
        auto_follow_enabled: namespace?.state.autoFollowIn(namespace.id, node.account).contexts ?? false,
        contexts_joined: ids.filter((id) => node.contexts.has(id)).length,
        ...(joined.namespace ? {} : { reason: joined.why }),
      }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/settings/tee-admission-policy',
    summary: 'Which attested nodes the namespace of a group lets in',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ enabled: Type.Boolean(), ...policyFields }),
    handle: async ({ node }, { params }) => {
      const { namespace } = ownGroupOf(node, params.gid)
      return policyJson(namespace.state.groups.get(namespace.id)?.teePolicy)
    },
  }),
  route({
    method: 'PUT',
    url: '/admin-api/groups/:gid/settings/tee-admission-policy',
    summary:
      'Say which attested nodes a namespace lets in; members that it names no more are out, with nothing named all',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: PolicyBody,
    response: Nothing,
    handle: async ({ node }, { params, body }) => {
      const { namespace, groupId } = groupOf(node, params.gid)
      if (groupId !== namespace.id) {
        throw new ServerError(
          'BAD_REQUEST',
          `attested nodes are let into the namespace as a whole: set it of ${namespace.id}`,
        )
      }
      const policy = policyOf(body)
      await govern(node, groupId, { kind: 'tee_policy_set', ...(policy && { policy }) })
      return {}
    },
  }),
]
