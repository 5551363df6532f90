import { Type } from '@calbox/schemas'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { closed, groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { roleOfNew } from './role-field.ts'

export const addGroupMembers = requestStep({
  kind: 'add_group_members',
  summary: 'Add members to a group by their account ids.',
  fields: {
    group_id: groupIdField,
    members: Type.Array(Type.Object({ identity: Type.String({ minLength: 1 }), role: Type.String() }, closed), {
      minItems: 1,
      description: 'Accounts with their roles: Admin, Member or ReadOnly.',
    }),
  },
  route: 'POST /groups/:group_id/members',
  attempted: 'adding members',
  body: ({ members }) => ({ members: readNew(members) }),
  outputsAreExtra: true,
})

function readNew(members: JsonValue | undefined): JsonValue {
  const rows = Array.isArray(members) ? members.filter(isJsonObject) : []
  return rows.map(({ identity, role }) => ({ identity: identity ?? null, role: roleOfNew(pythonStr(role)) }))
}
