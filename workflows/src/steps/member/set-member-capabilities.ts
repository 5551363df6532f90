import { groupIdField, memberIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { capabilitiesField } from './capabilities-field.ts'

export const setMemberCapabilities = requestStep({
  kind: 'set_member_capabilities',
  summary: 'Set the capabilities of a member.',
  fields: { group_id: groupIdField, member_id: memberIdField, capabilities: capabilitiesField },
  route: 'PUT /groups/:group_id/members/:member_id/capabilities',
  attempted: 'setting capabilities',
  body: ({ capabilities }) => ({ capabilities }),
  outputsAreExtra: true,
})
