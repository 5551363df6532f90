import { Type } from '@calbox/schemas'
import { closed, groupIdField, nodeField } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { accountIdOf } from './account-id.ts'
import { readMembers, shownMembers } from './member-rows.ts'

const DEFAULT_ROLE = 'ReadOnlyTee'

export const assertTeeMember = defineStep({
  kind: 'assert_tee_member',
  summary: 'Check that an account is a member of a group with a role; looks once.',
  schema: Type.Object(
    {
      node: nodeField,
      group_id: groupIdField,
      account: Type.String({ minLength: 1, description: 'Account id, 64 hex digits; a key is refused.' }),
      role: Type.Optional(Type.String({ default: DEFAULT_ROLE, description: 'The role it must have, exactly.' })),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const account = accountIdOf(context.text(input.account))
    const role = context.text(input.role ?? DEFAULT_ROLE)
    const rows = await readMembers(node, context.text(input.group_id), options)
    const found = rows.find(({ identity }) => identity === account)
    if (found?.role === role) return { summary: `member with the role ${role}` }
    const message =
      found === undefined
        ? `${account} is no member: ${shownMembers(rows)}`
        : `${account} has the role ${found.role}, not ${role}`
    throw new StepError('assertion', message, { node: node.name })
  },
})
