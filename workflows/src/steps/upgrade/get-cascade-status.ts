import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { cascadeOutputs, cascadeSummary, saysCascade } from './cascade-summary.ts'

export const getCascadeStatus = requestStep({
  kind: 'get_cascade_status',
  summary: 'Read how far an upgrade is in each group of a namespace.',
  fields: { namespace_id: namespaceIdField },
  route: 'GET /groups/:namespace_id/cascade-status',
  attempted: 'reading the cascade',
  rawKey: 'cascade_status',
  payload: cascadeSummary,
  says: saysCascade,
  outputs: cascadeOutputs,
})
