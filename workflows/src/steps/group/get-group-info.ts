import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const getGroupInfo = requestStep({
  kind: 'get_group_info',
  summary: 'Read what a node knows of a group or namespace.',
  fields: { group_id: groupIdField },
  route: 'GET /groups/:group_id',
  attempted: 'reading the group',
  rawKey: 'group_info',
  outputs: [
    { name: 'groupId', description: 'Its id.' },
    { name: 'targetApplicationId', description: 'The application its contexts shall run.' },
    { name: 'subgroupVisibility', description: 'open or restricted.' },
    { name: 'memberCount', description: 'How many members it has.' },
    { name: 'contextCount', description: 'How many contexts it has.' },
    { name: 'defaultCapabilities', description: 'Capability bits of new members.' },
    { name: 'groupStateHash', description: 'Hash of its governance.' },
    { name: 'appKey', description: 'Key of the application.' },
    { name: 'activeUpgrade', description: 'The upgrade in progress, if any.' },
    { name: 'metadata', description: 'Its metadata record, if any.' },
  ],
})
