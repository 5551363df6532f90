import { groupIdField, memberIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { roleField, roleOf } from './role-field.ts'

export const updateMemberRole = requestStep({
  kind: 'update_member_role',
  summary: 'Change the role of a member.',
  fields: { group_id: groupIdField, member_id: memberIdField, role: roleField },
  route: 'PUT /groups/:group_id/members/:member_id/role',
  attempted: 'changing the role',
  body: ({ role }) => ({ role: roleOf(String(role)) }),
  outputsAreExtra: true,
})
