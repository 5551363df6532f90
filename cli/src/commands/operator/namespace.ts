// `calbox namespace`: namespaces of a node, which own members, groups and contexts.
import type { JsonValue } from '@calbox/workflows/json'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { fieldOf, madeAnswer, rowsOf, short, tableOf } from './answer-text.ts'
import { addCommands, type OperatorCommand } from './operator-command.ts'
import { readInput } from './read-input.ts'

const NAMESPACE = { '<namespace>': 'its id' }
const LIST = 'calbox namespace list'

function commandsOf(edge: CommandEdge): readonly OperatorCommand[] {
  return [
    {
      name: 'list',
      summary: 'namespaces that the node is in',
      doing: () => 'listing the namespaces',
      async run({ step }) {
        const json = await step('list_namespaces')
        const columns = {
          NAMESPACE: 'namespaceId',
          NAME: 'name',
          MEMBERS: 'memberCount',
          CONTEXTS: 'contextCount',
          GROUPS: 'subgroupCount',
          APPLICATION: ({ targetApplicationId }: { targetApplicationId?: JsonValue }) => short(targetApplicationId),
        }
        return { json, text: tableOf(rowsOf(json), columns, 'the node is in no namespace') }
      },
    },
    {
      name: 'create',
      summary: 'make a namespace for an application; the node is its first admin',
      args: { '<application>': 'id of the application' },
      options: { '--name <text>': 'name for people' },
      doing: () => 'creating a namespace',
      lookup: 'calbox app list',
      async run({ step, node }, given) {
        const input = { application_id: given.text('application'), namespace_name: given.optional('name') }
        const json = await step('create_namespace', input)
        return madeAnswer(json, 'namespaceId', `namespace of ${node.name}`)
      },
    },
    {
      name: 'invite',
      summary: 'an invitation to a namespace, for `calbox namespace join` on another node',
      args: NAMESPACE,
      options: { '--recursive': 'one for each of its groups, too' },
      doing: (given) => `inviting to namespace ${given.text('namespace')}`,
      lookup: LIST,
      async run({ step }, given) {
        const { stringifyLosslessJson } = await import('@calbox/workflows')
        const input = { namespace_id: given.text('namespace'), recursive: given.flag('recursive') }
        const json = await step('create_namespace_invitation', input)
        return { json, text: `${stringifyLosslessJson(json)}\n` }
      },
    },
    {
      name: 'join',
      summary: 'join a namespace by invitation; answers when its log and key are here',
      args: { '<invitation>': 'what invite printed, or @file with it, or - for the standard input' },
      doing: () => 'joining a namespace',
      async run({ step, node }, given) {
        const invitation = await readInput(given.text('invitation'), edge)
        const json = await step('join', { invitation, namespace_id: namespaceOf(invitation) })
        return { json, text: `${node.name} is in namespace ${fieldOf(json, 'namespaceId')}\n` }
      },
    },
    {
      name: 'leave',
      summary: 'leave a namespace with all its groups',
      args: NAMESPACE,
      doing: (given) => `leaving namespace ${given.text('namespace')}`,
      lookup: LIST,
      async run({ step, node }, given) {
        const json = await step('leave_namespace', { namespace_id: given.text('namespace') })
        return { json, text: `${node.name} has left ${given.text('namespace')}\n` }
      },
    },
    {
      name: 'delete',
      summary: 'remove a namespace with its groups and contexts from this node; others keep theirs',
      args: NAMESPACE,
      doing: (given) => `deleting namespace ${given.text('namespace')}`,
      lookup: LIST,
      async run({ step, node }, given) {
        const json = await step('delete_namespace', { namespace_id: given.text('namespace') })
        return { json, text: `${given.text('namespace')} is no longer on ${node.name}\n` }
      },
    },
  ]
}

export function registerNamespace(program: Command, edge: CommandEdge): void {
  addCommands(program.command('namespace').description('namespaces of a node'), edge, commandsOf(edge))
}

/** The group that the signed invitation names, in hex. */
function namespaceOf(invitation: JsonValue): string {
  for (let part: JsonValue | undefined = invitation; part !== undefined; part = fieldOf(part, 'invitation')) {
    const id = fieldOf(part, 'group_id')
    if (Array.isArray(id)) return Buffer.from(id.map(Number)).toString('hex')
  }
  throw new CommandError('USAGE', 'this is no invitation: it names no group; `calbox namespace invite` prints one')
}
