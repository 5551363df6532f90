import { isJsonObject } from '../../values/json/json-value.ts'
import { shortId } from '../reply.ts'
import { requestStep } from '../request-step.ts'

export const nodeIdentity = requestStep({
  kind: 'node_identity',
  summary: 'Read account, device and keys of a node.',
  fields: {},
  route: 'GET /identity',
  attempted: 'reading the identity',
  honoursExpectedFailure: false,
  rawKey: 'node_identity',
  says: (data) => {
    if (!isJsonObject(data)) return undefined
    return `account ${shortId(data.accountId ?? 'unknown')}, key ${shortId(data.publicKey ?? 'unknown')}`
  },
  outputs: [
    { name: 'accountId', description: 'Account id, what members of groups are named by.' },
    { name: 'publicKey', description: "The node's public key." },
    { name: 'deviceId', description: 'Device id, or null.' },
    { name: 'accountRootPublicKey', description: 'Root key of the account.' },
  ],
})
