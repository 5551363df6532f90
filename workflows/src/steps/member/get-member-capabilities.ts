import { groupIdField, memberIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const getMemberCapabilities = requestStep({
  kind: 'get_member_capabilities',
  summary: 'Read the capabilities of a member.',
  fields: { group_id: groupIdField, member_id: memberIdField },
  route: 'GET /groups/:group_id/members/:member_id/capabilities',
  attempted: 'reading capabilities',
  rawKey: 'capabilities',
  outputs: [{ name: 'capabilities', description: 'The bits, as one number.' }],
})
