import { Type } from '@calbox/schemas'
import { capturePath } from '../../values/capture-outputs.ts'
import { closed, groupIdField, nodeField } from '../fields.ts'
import { refuseError } from '../reply.ts'
import { defineStep } from '../step-kind.ts'

export const listGroupMembers = defineStep({
  kind: 'list_group_members',
  summary: 'List the members of a group as the node knows them.',
  schema: Type.Object({ node: nodeField, group_id: groupIdField }, closed),
  outputs: [{ name: 'members', description: 'List of {identity, role, name?}; identity is the account id.' }],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const reply = await node.client.listGroupMembers(context.text(input.group_id), options)
    refuseError(node.name, 'listing members', reply)
    const members = capturePath(reply, 'members')
    return {
      payload: reply,
      rawKey: `members_${node.name}`,
      node: node.name,
      ...(Array.isArray(members) && { summary: members.length === 1 ? '1 member' : `${members.length} members` }),
    }
  },
})
