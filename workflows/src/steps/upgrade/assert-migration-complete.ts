import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { awaitComplete, completeFields } from './await-complete.ts'
import { membersBehind, migrationOutputs, migrationSummary, saysMigration } from './migration-summary.ts'

export const assertMigrationComplete = defineStep({
  kind: 'assert_migration_complete',
  summary: 'Wait until every expected member of a namespace has migrated; fails as soon as one has failed.',
  schema: Type.Object(completeFields, closed),
  outputs: migrationOutputs,
  honoursExpectedFailure: true,
  run(input, context, options) {
    const isComplete = ({ all_migrated }: { all_migrated?: unknown }) => all_migrated === true
    const reads = { summarise: migrationSummary, says: saysMigration, behind: membersBehind }
    return awaitComplete({ route: 'migration-status', ...reads, isComplete }, input, context, options)
  },
})
