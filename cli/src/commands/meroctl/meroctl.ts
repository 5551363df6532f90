// For scripts of workflows that call meroctl on a machine without it: its commands that only read, in its words, with the
// node's answer as meroctl prints it with `--output-format json`. Everything else is refused by name.
import { type Command, Option } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'

interface MeroctlOptions {
  readonly api: string
  readonly outputFormat: string
}

/** By meroctl's words; `{}` is the argument. */
const ROUTES: Readonly<Record<string, string>> = {
  'app ls': '/admin-api/applications',
  'app get': '/admin-api/applications/{}',
  'blob ls': '/admin-api/blobs',
  'context ls': '/admin-api/contexts',
  'context get': '/admin-api/contexts/{}',
  'group get': '/admin-api/groups/{}',
  'namespace ls': '/admin-api/namespaces',
  'namespace get': '/admin-api/namespaces/{}',
  peers: '/admin-api/peers',
}
/** merod's own. */
const DEFAULT_API = 'http://127.0.0.1:2528'

export function registerMeroctl(program: Command, edge: CommandEdge): void {
  program
    .command('meroctl', { hidden: true })
    .description('what there is of meroctl, for scripts that call it; on their PATH where there is no other')
    .argument('<words...>', Object.keys(ROUTES).join(', '))
    .addOption(new Option('--api <url>', 'of the node').default(DEFAULT_API))
    .addOption(new Option('--output-format <format>').choices(['human', 'json']).default('human'))
    .option('--home <dir>', 'not used')
    .action((words: string[], options: MeroctlOptions) => runMeroctl(words, options, edge))
}

export async function runMeroctl(words: readonly string[], options: MeroctlOptions, edge: CommandEdge): Promise<void> {
  const path = pathOf(words)
  const failed = (why: string) => new CommandError('REFUSED', `meroctl ${words.join(' ')} at ${options.api}: ${why}`)
  const response = await fetch(new URL(path, options.api), { signal: edge.signal }).catch((cause: Error) => {
    throw failed(cause.cause instanceof Error ? cause.cause.message : cause.message)
  })
  const text = await response.text()
  if (!response.ok) throw failed(`HTTP ${response.status} ${text}`)
  // Numbers stay as they are written.
  edge.stdout.write(`${text}\n`)
}

function pathOf(words: readonly string[]): string {
  const command = words
    .slice(0, 2)
    .join(' ')
    .replace(/ list$/, ' ls')
    .replace(/^ns /, 'namespace ')
  const [name, rest] = Object.hasOwn(ROUTES, command) ? [command, words.slice(2)] : [words[0] ?? '', words.slice(1)]
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined
  const wanted = route?.includes('{}') === true ? 1 : 0
  if (route !== undefined && rest.length === wanted) return route.replace('{}', encodeURIComponent(rest[0] ?? ''))
  const known = Object.entries(ROUTES).map(([each, path]) => (path.includes('{}') ? `${each} <id>` : each))
  throw new CommandError('USAGE', `calbox has no "meroctl ${words.join(' ')}"; it has ${known.join(', ')}`)
}
