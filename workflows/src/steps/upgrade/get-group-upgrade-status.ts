import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const getGroupUpgradeStatus = requestStep({
  kind: 'get_group_upgrade_status',
  summary: 'Read how far the upgrade of a group is.',
  fields: { group_id: groupIdField },
  route: 'GET /groups/:group_id/upgrade/status',
  attempted: 'reading the upgrade',
  rawKey: 'upgrade_status',
  outputs: [
    { name: 'status', description: 'in_progress, completed or pending.' },
    { name: 'fromVersion', description: 'Version before.' },
    { name: 'toVersion', description: 'Version after.' },
  ],
})
