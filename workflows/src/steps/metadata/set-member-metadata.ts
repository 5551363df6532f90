import { groupIdField, memberIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { metadataBody, metadataFields } from './metadata-record.ts'

export const setMemberMetadata = requestStep({
  kind: 'set_member_metadata',
  summary: 'Write the metadata record of a member of a group.',
  fields: { group_id: groupIdField, member_id: memberIdField, ...metadataFields },
  route: 'PUT /groups/:group_id/members/:member_id/metadata',
  attempted: 'writing the metadata',
  body: metadataBody,
  outputsAreExtra: true,
})
