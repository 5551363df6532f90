import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { metadataBody, metadataFields } from './metadata-record.ts'

export const setGroupMetadata = requestStep({
  kind: 'set_group_metadata',
  summary: 'Write the metadata record of a group.',
  fields: { group_id: groupIdField, ...metadataFields },
  route: 'PUT /groups/:group_id/metadata',
  attempted: 'writing the metadata',
  body: metadataBody,
  outputsAreExtra: true,
})
