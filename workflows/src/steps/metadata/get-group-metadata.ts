import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { metadataOutputs } from './metadata-record.ts'

export const getGroupMetadata = requestStep({
  kind: 'get_group_metadata',
  summary: 'Read the metadata record of a group.',
  fields: { group_id: groupIdField },
  route: 'GET /groups/:group_id/metadata',
  attempted: 'reading the metadata',
  outputs: metadataOutputs,
})
