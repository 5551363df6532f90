// `calbox group`: groups of a namespace, with members and contexts of their own.
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { factsOf, fieldOf, madeAnswer, rowsOf, tableOf } from './answer-text.ts'
import { membersAnswer } from './member.ts'
import { addCommands, type OperatorCommand } from './operator-command.ts'

const GROUP = { '<group>': 'its id; that of a namespace is one, too' }
const LIST = 'calbox group list'

const commands: readonly OperatorCommand[] = [
  {
    name: 'list',
    summary: 'groups of a namespace, or of all that the node is in',
    args: { '[namespace]': 'id of a namespace' },
    doing: () => 'listing the groups',
    lookup: 'calbox namespace list',
    async run({ step }, given) {
      const one = given.optional('namespace')
      const namespaces =
        one === undefined ? rowsOf(await step('list_namespaces')).map((row) => String(row.namespaceId)) : [one]
      const lists = await Promise.all(
        namespaces.map(async (namespaceId) => {
          const rows = rowsOf(await step('list_namespace_groups', { namespace_id: namespaceId }))
          return rows.map((row) => ({ ...row, namespaceId }))
        }),
      )
      const columns = { GROUP: 'groupId', NAME: 'name', NAMESPACE: 'namespaceId' }
      return { json: lists.flat(), text: tableOf(lists.flat(), columns, 'there is no group beneath') }
    },
  },
  {
    name: 'create',
    summary: 'make a group in a namespace; restricted to who is added, unless --open',
    args: { '<namespace>': 'id of the namespace' },
    options: { '--name <text>': 'name for people', '--open': 'members of the namespace may join by themselves' },
    doing: () => 'creating a group',
    lookup: 'calbox namespace list',
    async run({ step }, given) {
      const json = await step('create_group_in_namespace', {
        namespace_id: given.text('namespace'),
        group_name: given.optional('name'),
        visibility: given.flag('open') ? 'open' : 'restricted',
      })
      return madeAnswer(json, 'groupId', `group of namespace ${given.text('namespace')}`)
    },
  },
  {
    name: 'get',
    summary: 'what the node knows of a group',
    args: GROUP,
    doing: (given) => `reading group ${given.text('group')}`,
    lookup: LIST,
    async run({ step }, given) {
      const json = await step('get_group_info', { group_id: given.text('group') })
      const text = factsOf({
        group: fieldOf(json, 'groupId'),
        name: fieldOf(fieldOf(json, 'metadata') ?? null, 'name'),
        visibility: fieldOf(json, 'subgroupVisibility'),
        members: fieldOf(json, 'memberCount'),
        contexts: fieldOf(json, 'contextCount'),
        application: fieldOf(json, 'targetApplicationId'),
        governance: fieldOf(json, 'groupStateHash'),
      })
      return { json, text }
    },
  },
  {
    name: 'members',
    summary: 'its members, as `member list`',
    args: GROUP,
    doing: (given) => `listing the members of ${given.text('group')}`,
    lookup: LIST,
    run: ({ step }, given) => membersAnswer(step, given.text('group')),
  },
  {
    name: 'contexts',
    summary: 'its contexts',
    args: GROUP,
    doing: (given) => `listing the contexts of ${given.text('group')}`,
    lookup: LIST,
    async run({ step }, given) {
      const json = await step('list_group_contexts', { group_id: given.text('group') })
      return { json, text: tableOf(rowsOf(json), { CONTEXT: 'contextId', NAME: 'name' }, 'it has no context') }
    },
  },
  {
    name: 'leave',
    summary: 'leave a group that the node was added to',
    args: GROUP,
    doing: (given) => `leaving group ${given.text('group')}`,
    lookup: LIST,
    async run({ step, node }, given) {
      const json = await step('leave_group', { group_id: given.text('group') })
      return { json, text: `${node.name} has left ${given.text('group')}\n` }
    },
  },
  {
    name: 'delete',
    summary: 'delete a group on every node, with all beneath it and their contexts',
    args: GROUP,
    doing: (given) => `deleting group ${given.text('group')}`,
    lookup: LIST,
    async run({ step }, given) {
      const json = await step('delete_group', { group_id: given.text('group') })
      return { json, text: `${given.text('group')} is deleted\n` }
    },
  },
]

export function registerGroup(program: Command, edge: CommandEdge): void {
  addCommands(program.command('group').description('groups of a namespace'), edge, commands)
}
