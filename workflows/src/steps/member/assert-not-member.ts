import { Type } from '@calbox/schemas'
import { closed, groupIdField, nodeField } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { accountIdOf, refuseDevice } from './account-id.ts'
import { readMembers } from './member-rows.ts'

export const assertNotMember = defineStep({
  kind: 'assert_not_member',
  summary: 'Check that an account is no member of a group; looks once.',
  schema: Type.Object(
    {
      node: nodeField,
      group_id: groupIdField,
      account: Type.String({ minLength: 1, description: 'Account id, 64 hex digits; a key is refused.' }),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const account = accountIdOf(context.text(input.account))
    const groupId = context.text(input.group_id)
    const rows = await readMembers(node, groupId, options)
    const found = rows.find(({ identity }) => identity === account)
    if (found === undefined) {
      await refuseDevice(node, groupId, account, options)
      return { summary: `not among ${rows.length} members` }
    }
    throw new StepError('assertion', `${account} is a member, with the role ${found.role}`, { node: node.name })
  },
})
