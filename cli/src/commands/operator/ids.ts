// What stands for an id on a command line: the id itself, or a name that the node keeps for it. Nodes take ids only; their
// clients look names up, as meroctl does.
import type { AliasKind, OperatedNode } from '@calbox/workflows'
import type { JsonValue } from '@calbox/workflows/json'
import { CommandError } from '../command-error.ts'
import { fieldOf } from './answer-text.ts'
import { lookUp } from './look-up.ts'

export type NameOwner = Pick<OperatedNode, 'client' | 'name'>
type Options = { readonly signal: AbortSignal }

/** Base58 of 32 bytes, or 64 hex characters. */
const ID = /^(?:[1-9A-HJ-NP-Za-km-z]{32,44}|[0-9a-fA-F]{64})$/
/** What nodes take for a name. */
const NAME = /^[A-Za-z0-9._-]{1,50}$/

/** Looks like the id of something: it is never looked up as a name. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/** Throws CommandError USAGE for what is neither an id nor a name there; ClientError where the node does not tell. */
export async function idOf(kind: AliasKind, text: string, node: NameOwner, options: Options): Promise<string> {
  if (isId(text)) return text
  const found = NAME.test(text) ? await lookedUp(kind, text, node, options) : null
  if (typeof found === 'string') return found
  const article = kind === 'context' ? 'a' : 'an'
  throw new CommandError(
    'USAGE',
    `${JSON.stringify(text)} is neither the id of ${article} ${kind} nor a name that ${node.name} has for one; ` +
      `\`calbox ${kind === 'context' ? 'context' : 'app'} list\` shows ids, \`calbox alias list\` names`,
  )
}

async function lookedUp(kind: AliasKind, name: string, { client }: NameOwner, options: Options): Promise<JsonValue> {
  const about = { what: `the name ${JSON.stringify(name)}`, advice: `with the id of the ${kind} nothing is looked up` }
  return fieldOf(await lookUp(about, () => client.lookUpAlias(kind, name, options)), 'value') ?? null
}
