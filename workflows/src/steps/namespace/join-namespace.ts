import { Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import { installFile } from '../application/install-file.ts'
import { closed, nodeField } from '../fields.ts'
import { presentFields, refuseError, shortId } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { invitationField, readInvitation } from './invitation.ts'
import { namespaceFields, namespaceOf, namespaceProblems } from './namespace-field.ts'

export const joinNamespace = defineStep({
  kind: 'join_namespace',
  aliases: ['join_group'],
  summary: 'Join a namespace with an invitation. Installs the application on the joiner where it is not yet.',
  schema: Type.Object(
    {
      node: nodeField,
      invitation: invitationField('What create_namespace_invitation captured: a map, or its JSON text.'),
      ...namespaceFields,
    },
    closed,
  ),
  outputs: [
    { name: 'namespaceId', description: 'Id of the namespace.' },
    { name: 'memberIdentity', description: "The joiner's public key." },
    { name: 'memberAccount', description: "The joiner's account id." },
  ],
  exportedVariables: ['namespace_id_{node}', 'app_path_{node}'],
  honoursExpectedFailure: true,
  checks: (input) => namespaceProblems(input),
  async run(input, context, options) {
    const node = context.node(input.node)
    const namespaceId = namespaceOf(input, context)
    const signed = readInvitation(context.resolve(context.step.input.invitation ?? null))
    await installForJoiner(node, context, options)
    const attempted = `joining namespace ${shortId(namespaceId)}`
    const reply = refuseError(node.name, attempted, await node.client.joinNamespace(namespaceId, signed, options))
    return {
      payload: reply,
      exports: presentFields(reply, { namespaceId: `namespace_id_${node.name}` }),
      rawKey: `join_namespace_${node.name}`,
      node: node.name,
      summary: `joined ${shortId(namespaceId)}`,
    }
  },
})

/** The first application that any step installed from a file, unless this node has had one. */
async function installForJoiner(
  node: NodeHandle,
  context: StepContext,
  options: { signal: AbortSignal },
): Promise<void> {
  const own = `app_path_${node.name}`
  const first = [...context.variables.entries()].find(([name]) => name.startsWith('app_path_'))
  if (first === undefined || context.variables.has(own) || !node.hostFiles) return
  const file = String(first[1])
  try {
    await installFile(node, file, options)
    context.export({ [own]: file })
  } catch (error) {
    options.signal.throwIfAborted()
    if (!(error instanceof StepError || error instanceof ClientError)) throw error
    // The node may still get the application from a member; if not, joining says so.
    context.note('warning', `installing ${file} on ${node.name} failed: ${error.message}`)
  }
}
