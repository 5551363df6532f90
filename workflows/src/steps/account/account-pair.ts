import { Type } from '@calbox/schemas'
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { closed, namespaceIdField, nodeField } from '../fields.ts'
import { refuseError, shortId, textOf } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle } from '../step-kind.ts'

/** What the new device makes and the holder certifies. */
const MINTED = ['deviceId', 'kemPublicKey', 'signPublicKey', 'statement', 'confirmationCode']

export const accountPair = defineStep({
  kind: 'account_pair',
  summary: 'Make a node a further device of an account that another node holds.',
  schema: Type.Object(
    {
      node: nodeField,
      holder: Type.String({ minLength: 1, description: 'Node that holds the account root.' }),
      namespace_id: namespaceIdField,
      root_key: Type.String({ minLength: 1, description: 'Root key of the account, as node_identity shows it.' }),
      nonce: Type.String({ description: 'Sent along; newer nodes do without.' }),
    },
    closed,
  ),
  outputs: [
    { name: 'accountId', description: 'The account.' },
    { name: 'deviceId', description: 'The new device.' },
    { name: 'keyDelivered', description: 'Whether it was handed the group key.' },
  ],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const holder = context.node(input.holder)
    const path = `/admin-api/namespaces/${encodeURIComponent(context.text(input.namespace_id))}/account`
    const start = { accountRootPublicKey: context.text(input.root_key), nonce: context.text(input.nonce) }
    const minted = await send(node, `${path}/pair-init`, start, options)
    const handed = Object.fromEntries(MINTED.map((field) => [field, textOf(node.name, 'pairing', minted, field)]))
    const done = await send(holder, `${path}/pair-complete`, handed, options)
    if (done.confirmationCode !== handed.confirmationCode) {
      const codes = `${node.name} has ${handed.confirmationCode}, ${holder.name} has ${done.confirmationCode}`
      throw new StepError('failed', `the confirmation codes differ: ${codes}`, { node: holder.name })
    }
    const deviceId = handed.deviceId ?? null
    return {
      payload: { ...done, deviceId },
      rawKey: `paired_account_${node.name}`,
      node: node.name,
      summary: `device ${shortId(deviceId)}`,
    }
  },
})

async function send(
  node: NodeHandle,
  path: string,
  body: JsonObject,
  options: { signal: AbortSignal },
): Promise<JsonObject> {
  const reply: JsonValue = await node.client.exchange('POST', path, { ...options, body })
  const data = unwrapData(refuseError(node.name, 'pairing', reply))
  return isJsonObject(data) ? data : {}
}
