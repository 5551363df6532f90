import { Type } from '@calbox/schemas'
import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { saysUpgrade, upgradeBody } from './upgrade-body.ts'

export const upgradeGroup = requestStep({
  kind: 'upgrade_group',
  summary: 'Change the application that the contexts of a group run.',
  fields: {
    group_id: groupIdField,
    target_application_id: Type.String({ minLength: 1, description: 'The application to change to.' }),
    cascade: Type.Optional(Type.Boolean({ default: false, description: 'Also in the subgroups.' })),
  },
  route: 'POST /groups/:group_id/upgrade',
  attempted: 'upgrading the group',
  body: (given) => upgradeBody(given.target_application_id, given.cascade ?? false),
  says: saysUpgrade,
  outputsAreExtra: true,
  outputs: [
    { name: 'groupId', description: 'Id of the group.' },
    { name: 'status', description: 'in_progress or completed.' },
    { name: 'localContextsTotal', description: 'How many contexts of this node it concerns.' },
  ],
})
