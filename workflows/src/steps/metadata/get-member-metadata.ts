import { groupIdField, memberIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { metadataOutputs } from './metadata-record.ts'

export const getMemberMetadata = requestStep({
  kind: 'get_member_metadata',
  summary: 'Read the metadata record of a member of a group.',
  fields: { group_id: groupIdField, member_id: memberIdField },
  route: 'GET /groups/:group_id/members/:member_id/metadata',
  attempted: 'reading the metadata',
  outputs: metadataOutputs,
})
