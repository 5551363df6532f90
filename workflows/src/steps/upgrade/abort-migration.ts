import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const abortMigration = requestStep({
  kind: 'abort_migration',
  summary: 'Give up a migration: the target application is set back.',
  fields: { namespace_id: namespaceIdField },
  route: 'POST /groups/:namespace_id/migration/abort',
  attempted: 'aborting the migration',
  outputs: [
    { name: 'aborted', description: 'Whether there was one.' },
    { name: 'namespaceId', description: 'Id of the namespace.' },
  ],
})
