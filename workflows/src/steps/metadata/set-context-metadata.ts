import { contextIdField, groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { metadataBody, metadataFields } from './metadata-record.ts'

export const setContextMetadata = requestStep({
  kind: 'set_context_metadata',
  summary: 'Write the metadata record of a context of a group.',
  fields: { group_id: groupIdField, context_id: contextIdField, ...metadataFields },
  route: 'PUT /groups/:group_id/contexts/:context_id/metadata',
  attempted: 'writing the metadata',
  body: metadataBody,
  outputsAreExtra: true,
})
