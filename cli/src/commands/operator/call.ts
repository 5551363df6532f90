// `calbox call`: runs a method of a context's application.
import type { JsonValue } from '@calbox/workflows/json'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { fieldOf } from './answer-text.ts'
import type { Operating } from './operate.ts'
import { addCommands, type Given, type OperatorCommand } from './operator-command.ts'

const call: OperatorCommand = {
  name: 'call',
  summary: "call a method of a context's application",
  args: {
    '<context>': 'id of the context',
    '<method>': 'name of the method',
    '[json]': 'its arguments, a JSON object such as \'{"key": "a"}\'',
  },
  options: { '--as <key>': 'public key to call as; it has to be one that the node calls as there' },
  doing: (given) => `calling ${given.text('method')} in ${given.text('context')}`,
  lookup: 'calbox context list',
  async run(on, given) {
    const { stringifyLosslessJson } = await import('@calbox/workflows')
    const args = await argumentsOf(given)
    const as = given.optional('as')
    if (as !== undefined) await requireOwned(on, given.text('context'), as)
    const envelope = await on.step('call', {
      context_id: given.text('context'),
      method: given.text('method'),
      args,
      executor_public_key: as,
    })
    const result = fieldOf(envelope, 'result') ?? null
    return { json: result, text: `${stringifyLosslessJson(fieldOf(result, 'output') ?? null, 2)}\n` }
  },
}

export function registerCall(program: Command, edge: CommandEdge): void {
  addCommands(program, edge, [call])
}

async function argumentsOf(given: Given): Promise<JsonValue | undefined> {
  const text = given.optional('json')
  if (text === undefined) return undefined
  const { parseLosslessJson } = await import('@calbox/workflows')
  let value: JsonValue
  try {
    value = parseLosslessJson(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      'USAGE',
      `the arguments are not JSON: ${why}; write them as '{"key": "value"}', quotes included`,
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new CommandError('USAGE', 'the arguments are a JSON object: name → value, as the method calls them')
}

/** The node decides by itself whom a call is of: what it would not do is refused here, instead of done as somebody else. */
async function requireOwned({ client, signal, node }: Operating, contextId: string, key: string): Promise<void> {
  const owned = fieldOf(await client.listOwnedIdentities(contextId, { signal }), 'identities')
  const keys = Array.isArray(owned) ? owned.map(String) : []
  if (keys.includes(key)) return
  const known = keys.length === 0 ? 'it calls as nobody there' : `it calls as ${keys.join(', ')}`
  throw new CommandError('USAGE', `${node.name} does not call as ${key} in ${contextId}; ${known}`)
}
