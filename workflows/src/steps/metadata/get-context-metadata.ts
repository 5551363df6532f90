import { contextIdField, groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { metadataOutputs } from './metadata-record.ts'

export const getContextMetadata = requestStep({
  kind: 'get_context_metadata',
  summary: 'Read the metadata record of a context of a group.',
  fields: { group_id: groupIdField, context_id: contextIdField },
  route: 'GET /groups/:group_id/contexts/:context_id/metadata',
  attempted: 'reading the metadata',
  outputs: metadataOutputs,
})
