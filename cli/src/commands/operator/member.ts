// `calbox member`: members of a group or namespace, and their roles.
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { rowsOf, tableOf } from './answer-text.ts'
import type { Answer, Operating } from './operate.ts'
import { addCommands, type OperatorCommand } from './operator-command.ts'

const GROUP = { '<group>': 'id of a group or namespace' }
const ROLES: Readonly<Record<string, string>> = { admin: 'Admin', member: 'Member', readonly: 'ReadOnly' }

const commands: readonly OperatorCommand[] = [
  {
    name: 'list',
    summary: 'members with their roles, inherited ones included',
    args: GROUP,
    doing: (given) => `listing the members of ${given.text('group')}`,
    lookup: 'calbox group list',
    run: ({ step }, given) => membersAnswer(step, given.text('group')),
  },
  {
    name: 'add',
    summary: 'add members of the namespace to a group',
    args: { ...GROUP, '<accounts...>': 'account ids, as `calbox identity` shows them' },
    options: { '--role <role>': 'Admin, Member (default) or ReadOnly' },
    doing: (given) => `adding members to ${given.text('group')}`,
    lookup: 'calbox group list',
    async run({ step }, given) {
      const accounts = given.list('accounts')
      const role = roleOf(given.optional('role') ?? 'Member')
      const members = accounts.map((identity) => ({ identity, role }))
      const json = await step('add_group_members', { group_id: given.text('group'), members })
      return { json, text: accounts.map((account) => `${account} is ${role} of ${given.text('group')}\n`).join('') }
    },
  },
  {
    name: 'remove',
    summary: 'remove members from a group, or from a namespace with all its groups',
    args: { ...GROUP, '<accounts...>': 'account ids' },
    doing: (given) => `removing members from ${given.text('group')}`,
    lookup: 'calbox group list',
    async run({ step }, given) {
      const accounts = given.list('accounts')
      const json = await step('remove_group_members', { group_id: given.text('group'), members: accounts })
      return { json, text: accounts.map((account) => `${account} is removed from ${given.text('group')}\n`).join('') }
    },
  },
  {
    name: 'role',
    summary: 'change the role of a member',
    args: { ...GROUP, '<account>': 'account id', '<role>': 'Admin, Member or ReadOnly' },
    doing: (given) => `changing the role of ${given.text('account')}`,
    lookup: 'calbox group list',
    async run({ step }, given) {
      const [account, role] = [given.text('account'), roleOf(given.text('role'))]
      const json = await step('update_member_role', { group_id: given.text('group'), member_id: account, role })
      return { json, text: `${account} is ${role} of ${given.text('group')}\n` }
    },
  },
]

export function registerMember(program: Command, edge: CommandEdge): void {
  addCommands(program.command('member').description('members of a group or namespace'), edge, commands)
}

export async function membersAnswer(step: Operating['step'], groupId: string): Promise<Answer> {
  const json = await step('list_group_members', { group_id: groupId })
  const columns = { ACCOUNT: 'identity', ROLE: 'role', NAME: 'name' }
  return { json, text: tableOf(rowsOf(json, 'members'), columns, 'it has no members') }
}

/** A mistyped role would make somebody something else. */
function roleOf(text: string): string {
  const role = ROLES[text.toLowerCase().replace(/[-_]/g, '')]
  if (role !== undefined) return role
  throw new CommandError('USAGE', `${JSON.stringify(text)} is no role; there are Admin, Member and ReadOnly`)
}
