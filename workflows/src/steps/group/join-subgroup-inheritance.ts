import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const joinSubgroupInheritance = requestStep({
  kind: 'join_subgroup_inheritance',
  summary: 'Join an open subgroup through membership of its parent.',
  fields: { group_id: groupIdField },
  route: 'POST /groups/:group_id/join-via-inheritance',
  attempted: 'joining the subgroup',
  exports: {
    groupId: 'subgroup_id_{node}',
    memberPublicKey: 'subgroup_member_public_key_{node}',
    wasInherited: 'subgroup_was_inherited_{node}',
  },
  outputs: [
    { name: 'groupId', description: 'Id of the subgroup.' },
    { name: 'memberPublicKey', description: "The node's key in it." },
    { name: 'wasInherited', description: 'false where it was a member already.' },
  ],
})
