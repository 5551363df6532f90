import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { migrationOutputs, migrationSummary, saysMigration } from './migration-summary.ts'

export const getMigrationStatus = requestStep({
  kind: 'get_migration_status',
  summary: 'Read how far the members of a namespace have migrated.',
  fields: { namespace_id: namespaceIdField },
  route: 'GET /groups/:namespace_id/migration-status',
  attempted: 'reading the migration',
  rawKey: 'migration_status',
  payload: migrationSummary,
  says: saysMigration,
  outputs: migrationOutputs,
})
