import { type Static, Type } from '@calbox/schemas'
import { isJsonObject, type JsonObject, type JsonValue, objectOf } from '../../values/json/json-value.ts'
import { hostPath, installFile } from '../application/install-file.ts'
import { applicationIdField, closed } from '../fields.ts'
import { readInvitation } from '../namespace/invitation.ts'
import { noteContextId, presentFields, refuseError, shortId, textOf } from '../reply.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { initParamBytes, paramProblems } from './init-params.ts'

const schema = Type.Object(
  {
    context_node: Type.String({ minLength: 1, description: 'Node that creates the namespace and the context.' }),
    application_id: applicationIdField,
    nodes: Type.Array(Type.String(), { minItems: 1, description: 'Nodes that join; context_node is passed over.' }),
    path: Type.Optional(
      Type.String({ minLength: 1, description: 'File to install on the joiners; default the one context_node has.' }),
    ),
    params: Type.Optional(Type.String({ description: 'Arguments of init, as JSON text.' })),
  },
  closed,
)
type MeshInput = Static<typeof schema>
type Options = { signal: AbortSignal }

export const createMesh = defineStep({
  kind: 'create_mesh',
  summary: 'Create a namespace with a context on one node, and let other nodes install, be invited and join.',
  schema,
  outputs: [
    { name: 'contextId', description: 'Id of the context.' },
    { name: 'memberPublicKey', description: 'Key of context_node in it.' },
    { name: 'namespaceId', description: 'Id of the namespace.' },
    { name: 'groupId', description: 'The group the context is in.' },
  ],
  exportedVariables: ['namespace_id', 'context_id', 'member_public_key', 'group_id', 'public_key'],
  honoursExpectedFailure: false,
  settlesItself: true,
  checks: ({ nodes, context_node, params }) => {
    const others = Array.isArray(nodes) ? nodes.filter((name) => name !== context_node) : [null]
    const message = '"nodes" needs at least one node besides context_node'
    return [
      ...(others.length === 0 ? [{ path: ['nodes'], message, severity: 'flaw' as const }] : []),
      ...paramProblems(params),
    ]
  },
  async run(input, context, options) {
    const owner = context.node(input.context_node)
    const joiners = [...new Set(input.nodes)].filter((name) => name !== owner.name).map((name) => context.node(name))
    const { payload, namespaceId } = await createBoth(owner, input, context, options)
    context.capture(payload, { node: owner.name })
    exportContext(owner, payload, context)
    await installOnAll(owner, joiners, input, context, options)
    for (const [at, joiner] of joiners.entries()) {
      context.progress(`${joiner.name} joins (${at + 1} of ${joiners.length})`)
      await join(joiner, owner, namespaceId, joiners.length === 1, context, options)
    }
    const names = joiners.map(({ name }) => name).join(', ')
    return {
      payload,
      node: owner.name,
      rawKey: `mesh_${owner.name}`,
      summary: `${names} joined ${shortId(namespaceId)}`,
    }
  },
})

async function createBoth(
  owner: NodeHandle,
  input: MeshInput,
  context: StepContext,
  options: Options,
): Promise<{ payload: JsonObject; namespaceId: string }> {
  const applicationId = context.text(input.application_id)
  const namespace = await owner.client.createNamespace({ applicationId }, options)
  const creating = 'creating a namespace'
  const namespaceId = textOf(owner.name, creating, refuseError(owner.name, creating, namespace), 'namespaceId')
  const initializationParams = initParamBytes(input.params)
  const reply = await owner.client.createContext({ applicationId, groupId: namespaceId, initializationParams }, options)
  const attempted = 'creating a context'
  noteContextId(context, textOf(owner.name, attempted, refuseError(owner.name, attempted, reply), 'contextId'))
  const fields = isJsonObject(reply) ? Object.entries(reply) : []
  return { payload: objectOf([...fields, ['namespaceId', namespaceId]]), namespaceId }
}

function exportContext(owner: NodeHandle, payload: JsonObject, context: StepContext): void {
  const namespaceId: JsonValue = payload.namespaceId ?? null
  context.export({ namespace_id: namespaceId, [`namespace_id_${owner.name}`]: namespaceId })
  if (context.step.outputs !== undefined) return
  context.export(presentFields(payload, { contextId: 'context_id', memberPublicKey: 'member_public_key' }))
  if (!context.variables.has('group_id')) context.export({ group_id: payload.groupId ?? namespaceId })
}

async function installOnAll(
  owner: NodeHandle,
  joiners: readonly NodeHandle[],
  input: MeshInput,
  context: StepContext,
  options: Options,
): Promise<void> {
  const known = context.variables.get(`app_path_${owner.name}`)
  const file = input.path === undefined ? known : hostPath(context.cwd, context.text(input.path))
  if (typeof file !== 'string') return
  context.progress(`installing the application on ${joiners.length === 1 ? '1 node' : `${joiners.length} nodes`}`)
  await Promise.all(joiners.map((joiner) => installFile(joiner, file, options)))
  for (const joiner of joiners) context.export({ [`app_path_${joiner.name}`]: file })
}

async function join(
  joiner: NodeHandle,
  owner: NodeHandle,
  namespaceId: string,
  isOnlyOne: boolean,
  context: StepContext,
  options: Options,
): Promise<void> {
  const identity = refuseError(joiner.name, 'making an identity', await joiner.client.createContextIdentity(options))
  context.export(presentFields(identity, { publicKey: `public_key_${joiner.name}` }))
  const invited = await owner.client.inviteToNamespace(namespaceId, { recursive: false }, options)
  const signed = readInvitation(refuseError(owner.name, 'making an invitation', invited))
  const attempted = `joining namespace ${shortId(namespaceId)}`
  const joined = refuseError(joiner.name, attempted, await joiner.client.joinNamespace(namespaceId, signed, options))
  // The identity of the membership replaces the one that was made before.
  context.export({
    ...presentFields(joined, { memberIdentity: `public_key_${joiner.name}` }),
    ...presentFields(joined, { memberIdentity: `member_identity_${joiner.name}` }),
    ...presentFields(joined, { memberAccount: `member_account_${joiner.name}` }),
  })
  if (!isOnlyOne) return
  context.export({
    ...presentFields(joined, { memberIdentity: 'public_key' }),
    ...presentFields(joined, { memberIdentity: 'memberIdentity', memberAccount: 'member_account' }),
  })
}
