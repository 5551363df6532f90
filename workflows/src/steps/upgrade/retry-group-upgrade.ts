import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { saysUpgrade } from './upgrade-body.ts'

export const retryGroupUpgrade = requestStep({
  kind: 'retry_group_upgrade',
  summary: 'Try an upgrade again that did not complete.',
  fields: { group_id: groupIdField },
  route: 'POST /groups/:group_id/upgrade/retry',
  attempted: 'retrying the upgrade',
  body: () => ({}),
  says: saysUpgrade,
  outputsAreExtra: true,
  outputs: [
    { name: 'groupId', description: 'Id of the group.' },
    { name: 'status', description: 'in_progress or completed.' },
    { name: 'localContextsTotal', description: 'How many contexts of this node it concerns.' },
  ],
})
