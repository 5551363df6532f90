import { Type } from '@calbox/schemas'
import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const setSubgroupVisibility = requestStep({
  kind: 'set_subgroup_visibility',
  summary: 'Say who may join a subgroup: open to members of the parent, or restricted to who is added.',
  fields: {
    group_id: groupIdField,
    visibility: Type.Union(
      [Type.Literal('open'), Type.Literal('restricted'), Type.Literal('Open'), Type.Literal('Restricted')],
      { description: 'open: every member of the parent; restricted: who is added.' },
    ),
  },
  route: 'PUT /groups/:group_id/settings/subgroup-visibility',
  attempted: 'setting the visibility',
  aliases: ['set_default_visibility'],
  body: ({ visibility }) => ({ subgroupVisibility: String(visibility).toLowerCase() }),
  outputsAreExtra: true,
})
