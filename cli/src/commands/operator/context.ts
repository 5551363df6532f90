// `calbox context`: contexts of a node, the instances of applications that members share.
import type { JsonValue } from '@calbox/workflows/json'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { factsOf, fieldOf, madeAnswer, rowsOf, short, tableOf } from './answer-text.ts'
import { addCommands, type OperatorCommand } from './operator-command.ts'

const CONTEXT = { '<context>': 'its id' }
const LIST = 'calbox context list'

const commands: readonly OperatorCommand[] = [
  {
    name: 'create',
    summary: 'make a context of an application in a namespace or group',
    args: { '<group>': 'id of a namespace or group', '<application>': 'id of the application' },
    options: { '--params <json>': 'arguments of its init', '--service <name>': 'which service of a bundle' },
    doing: () => 'creating a context',
    async run({ step }, given) {
      const json = await step('create_context', {
        group_id: given.text('group'),
        application_id: given.text('application'),
        params: given.optional('params'),
        service_name: given.optional('service'),
      })
      return madeAnswer(json, 'contextId', `context of ${given.text('group')}`)
    },
  },
  {
    name: 'list',
    summary: 'contexts whose state is on the node',
    doing: () => 'listing the contexts',
    async run({ client, signal }) {
      const json = await client.listContexts({ signal })
      const columns = {
        CONTEXT: 'id',
        NAME: 'name',
        ROOT: ({ contextStateHash }: Fields) => short(contextStateHash),
        HEADS: ({ dagHeads }: Fields) => (Array.isArray(dagHeads) ? dagHeads.length : undefined),
        GROUP: ({ groupId }: Fields) => short(groupId),
        APPLICATION: ({ applicationId }: Fields) => short(applicationId),
      }
      return { json, text: tableOf(rowsOf(json, 'contexts'), columns, 'no context is here') }
    },
  },
  {
    name: 'get',
    summary: 'one context: its root, its heads, and what waits in it',
    args: CONTEXT,
    doing: (given) => `reading context ${given.text('context')}`,
    lookup: LIST,
    async run({ client, signal }, given) {
      const id = given.text('context')
      const context = await client.getContext(id, { signal })
      const [groupId, waiting] = await Promise.all([
        client.getContextGroup(id, { signal }),
        client.getWaiting(id, { signal }),
      ])
      const text = factsOf({
        context: fieldOf(context, 'id'),
        name: fieldOf(context, 'name'),
        group: groupId,
        application: fieldOf(context, 'applicationId'),
        version: fieldOf(context, 'applicationVersion'),
        service: fieldOf(context, 'serviceName'),
        root: fieldOf(context, 'contextStateHash'),
        heads: headsOf(context).join(', ') || 'none: nothing was written since init',
        waiting: waitingText(waiting),
      })
      const all = typeof context === 'object' && context !== null && !Array.isArray(context) ? context : {}
      return { json: { ...all, groupId, waiting }, text }
    },
  },
  {
    name: 'join',
    summary: 'join a context of a namespace that the node is in; answers when its state is here',
    args: CONTEXT,
    doing: (given) => `joining context ${given.text('context')}`,
    async run({ step, node }, given) {
      const json = await step('join_context', { context_id: given.text('context') })
      return { json, text: `${node.name} is in ${fieldOf(json, 'contextId')} as ${fieldOf(json, 'memberPublicKey')}\n` }
    },
  },
  {
    name: 'leave',
    summary: 'take part in a context no longer; the group stays joined',
    args: CONTEXT,
    doing: (given) => `leaving context ${given.text('context')}`,
    lookup: LIST,
    async run({ step, node }, given) {
      const json = await step('leave_context', { context_id: given.text('context') })
      return { json, text: `${node.name} has left ${given.text('context')}\n` }
    },
  },
  {
    name: 'delete',
    summary: 'delete a context on every node, for good',
    args: CONTEXT,
    doing: (given) => `deleting context ${given.text('context')}`,
    lookup: LIST,
    async run({ step }, given) {
      const json = await step('delete_context', { context_id: given.text('context') })
      return { json, text: `${given.text('context')} is deleted\n` }
    },
  },
  {
    name: 'invite',
    summary: "an invitation to a context's group, for `calbox namespace join`",
    args: CONTEXT,
    doing: (given) => `inviting to context ${given.text('context')}`,
    lookup: LIST,
    async run({ step, client, signal }, given) {
      const { stringifyLosslessJson } = await import('@calbox/workflows')
      const groupId = await client.getContextGroup(given.text('context'), { signal })
      const json = await step('create_namespace_invitation', { namespace_id: groupId })
      return { json, text: `${stringifyLosslessJson(json)}\n` }
    },
  },
]

type Fields = Readonly<Record<string, JsonValue | undefined>>

export function registerContext(program: Command, edge: CommandEdge): void {
  addCommands(program.command('context').description('contexts of a node'), edge, commands)
}

/** Nodes give them as lists of bytes; logs and other commands have them in hex. */
function headsOf(context: JsonValue): string[] {
  const heads = fieldOf(context, 'dagHeads')
  return Array.isArray(heads)
    ? heads.map((head) => Buffer.from(Array.isArray(head) ? head.map(Number) : []).toString('hex'))
    : []
}

function waitingText(waiting: JsonValue): string {
  const counts = ['pending', 'parked', 'refused', 'behind', 'forgotten', 'handlers', 'deadLetters']
  const some = counts.flatMap((name) => {
    const count = Number(fieldOf(waiting, name) ?? 0)
    return count > 0 ? [`${count} ${name === 'deadLetters' ? 'dead letters' : name}`] : []
  })
  return some.length === 0 ? 'nothing' : some.join(', ')
}
