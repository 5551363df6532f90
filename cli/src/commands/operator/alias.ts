// `calbox alias`: names that a node keeps for contexts and applications, for the command line of whoever asks it.
import type { AliasKind } from '@calbox/workflows'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { tableOf } from './answer-text.ts'
import { idOf, isId } from './ids.ts'
import { addCommands, type Given, type OperatorCommand } from './operator-command.ts'

const KINDS: readonly AliasKind[] = ['context', 'application']
const KIND = { '<kind>': 'context or application' }
const LIST = 'calbox alias list'

const commands: readonly OperatorCommand[] = [
  {
    name: 'list',
    summary: 'names that the node has for contexts and applications',
    doing: () => 'listing the aliases',
    async run({ client, signal }) {
      const lists = await Promise.all(KINDS.map((kind) => client.listAliases(kind, { signal })))
      const rows = KINDS.flatMap((kind, index) =>
        Object.entries(lists[index] ?? {}).map(([name, id]) => ({ kind, name, id: String(id) })),
      )
      const text = tableOf(rows, { NAME: 'name', KIND: 'kind', ID: 'id' }, 'there is no alias')
      return { json: rows, text }
    },
  },
  {
    name: 'create',
    summary: 'give a context or an application a name on the node; commands take it for the id',
    args: { ...KIND, '<name>': 'letters, digits and ._- (50 at most)', '<id>': 'what it stands for' },
    doing: (given) => `naming ${given.text('id')}`,
    async run({ node, client, signal }, given) {
      const [kind, name] = [kindOf(given), given.text('name')]
      if (isId(name)) throw new CommandError('USAGE', `${name} looks like an id, and would always be taken for one`)
      const id = await idOf(kind, given.text('id'), node, { signal })
      await client.createAlias(kind, name, id, { signal })
      return { json: { kind, name, id }, text: `${name} is ${kind} ${id} on ${node.name}\n` }
    },
  },
  {
    name: 'remove',
    summary: 'take a name away; what it stood for stays',
    args: { ...KIND, '<name>': 'the name' },
    doing: (given) => `removing alias ${given.text('name')}`,
    lookup: LIST,
    async run({ node, client, signal }, given) {
      const [kind, name] = [kindOf(given), given.text('name')]
      const id = await idOf(kind, name, node, { signal })
      await client.deleteAlias(kind, name, { signal })
      return { json: { kind, name, id }, text: `${name} is no longer ${kind} ${id} on ${node.name}\n` }
    },
  },
]

export function registerAlias(program: Command, edge: CommandEdge): void {
  addCommands(program.command('alias').description('names of contexts and applications on a node'), edge, commands)
}

function kindOf(given: Given): AliasKind {
  const text = given.text('kind')
  const kind = KINDS.find((each) => each === text || (text === 'app' && each === 'application'))
  if (kind !== undefined) return kind
  throw new CommandError('USAGE', `${JSON.stringify(text)} cannot be named; there are ${KINDS.join(' and ')}`)
}
