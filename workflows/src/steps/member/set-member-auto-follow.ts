import { Type } from '@calbox/schemas'
import { groupIdField, memberIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const setMemberAutoFollow = requestStep({
  kind: 'set_member_auto_follow',
  summary: 'Say whether a member follows new contexts and subgroups by itself.',
  fields: {
    group_id: groupIdField,
    member_id: memberIdField,
    auto_follow_contexts: Type.Boolean({ description: 'Join new contexts of the group.' }),
    auto_follow_subgroups: Type.Boolean({ description: 'Join new subgroups of the group.' }),
  },
  route: 'PUT /groups/:group_id/members/:member_id/auto-follow',
  attempted: 'setting auto-follow',
  body: (given) => ({
    autoFollowContexts: given.auto_follow_contexts,
    autoFollowSubgroups: given.auto_follow_subgroups,
  }),
  outputsAreExtra: true,
})
