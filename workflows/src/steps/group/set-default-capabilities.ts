import { groupIdField } from '../fields.ts'
import { capabilitiesField } from '../member/capabilities-field.ts'
import { requestStep } from '../request-step.ts'

export const setDefaultCapabilities = requestStep({
  kind: 'set_default_capabilities',
  summary: 'Set the capabilities that new members of a group get.',
  fields: { group_id: groupIdField, capabilities: capabilitiesField },
  route: 'PUT /groups/:group_id/settings/default-capabilities',
  attempted: 'setting default capabilities',
  body: ({ capabilities }) => ({ defaultCapabilities: capabilities }),
  outputsAreExtra: true,
})
