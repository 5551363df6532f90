import { Type } from '@calbox/schemas'
import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const accountRevoke = requestStep({
  kind: 'account_revoke',
  summary: 'Withdraw a device from its account.',
  fields: {
    namespace_id: namespaceIdField,
    device_id: Type.String({ minLength: 1, description: 'The device.' }),
    proof: Type.Optional(
      Type.String({ description: 'Proof made by the account root, where no device of the account is left.' }),
    ),
  },
  route: 'POST /namespaces/:namespace_id/account/revoke',
  attempted: 'revoking the device',
  body: ({ device_id, proof }) => ({ deviceId: device_id, proof }),
  outputs: [
    { name: 'accountId', description: 'The account.' },
    { name: 'deviceId', description: 'The device.' },
    { name: 'keyRotated', description: 'Whether the group key was changed.' },
    { name: 'revokedIn', description: 'List of {namespaceId, keyRotated}.' },
  ],
})
