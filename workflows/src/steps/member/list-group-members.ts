import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { saysMembers } from './member-rows.ts'

export const listGroupMembers = requestStep({
  kind: 'list_group_members',
  summary: 'List the members of a group as the node knows them.',
  fields: { group_id: groupIdField },
  route: 'GET /groups/:group_id/members',
  attempted: 'listing the members',
  rawKey: 'members',
  says: saysMembers,
  outputs: [{ name: 'members', description: 'List of {identity, role, name?}; identity is the account id.' }],
})
