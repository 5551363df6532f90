// `calbox app`: applications of a node.
import type { Command } from 'commander'
import { counted } from '../../render/counted.ts'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { bytesText, factsOf, fieldOf, madeAnswer, rowsOf, tableOf } from './answer-text.ts'
import { LookUpRefused, lookUp } from './look-up.ts'
import type { Operating } from './operate.ts'
import { addCommands, type OperatorCommand } from './operator-command.ts'

const LIST = 'calbox app list'

const commands: readonly OperatorCommand[] = [
  {
    name: 'install',
    summary: 'install a .wasm or .mpk file of this machine, or what an address gives',
    args: { '<source>': 'file, or an http address that the node downloads from' },
    doing: (given) => `installing ${given.text('source')}`,
    async run({ step, node }, given) {
      const source = given.text('source')
      const input = /^https?:\/\//i.test(source) ? { url: source } : { path: source, dev: true }
      const json = await step('install_application', input)
      return madeAnswer(json, 'applicationId', `installed on ${node.name}`)
    },
  },
  {
    name: 'list',
    summary: 'applications that are installed',
    doing: () => 'listing the applications',
    async run({ client, signal }) {
      const json = await client.listApplications({ signal })
      const columns = {
        APPLICATION: 'id',
        PACKAGE: 'package',
        VERSION: 'version',
        SIZE: ({ size }: { size?: unknown }) => bytesText(Number(size)),
        SOURCE: 'source',
      }
      return { json, text: tableOf(rowsOf(json, 'apps'), columns, 'no application is installed') }
    },
  },
  {
    name: 'get',
    summary: 'one application',
    args: { '<application>': 'its id' },
    doing: (given) => `reading application ${given.text('application')}`,
    lookup: LIST,
    async run({ step, node }, given) {
      const id = given.text('application')
      const json = await step('get_application', { application_id: id })
      const app = fieldOf(json, 'application')
      if (app === null || app === undefined) return { json, text: `${node.name} has no application ${id}\n` }
      const text = factsOf({
        application: fieldOf(app, 'id'),
        package: fieldOf(app, 'package'),
        version: fieldOf(app, 'version'),
        size: bytesText(fieldOf(app, 'size')),
        source: fieldOf(app, 'source'),
        code: fieldOf(fieldOf(app, 'blob') ?? null, 'bytecode'),
      })
      return { json, text }
    },
  },
  {
    name: 'remove',
    summary: 'forget an application; its code stays as a blob',
    args: { '<application>': 'its id' },
    options: { '--force': 'also where contexts of the node run it, or the token may not look whether they do' },
    doing: (given) => `removing application ${given.text('application')}`,
    lookup: LIST,
    async run(on, given) {
      const id = given.text('application')
      const isForced = given.flag('force')
      await requireInstalled(on, id).catch((error: unknown) => {
        // A token may carry the removal alone.
        if (!isForced || !(error instanceof LookUpRefused)) throw error
      })
      if (!isForced) await requireUnused(on, id)
      const json = await on.step('uninstall_application', { application_id: id })
      return { json, text: `${id} is no longer installed on ${on.node.name}\n` }
    },
  },
]

export function registerApp(program: Command, edge: CommandEdge): void {
  addCommands(program.command('app').description('applications of a node'), edge, commands)
}

const UNSEEN = '--force removes it unseen'

/** Nodes remove what they do not have without a word. */
async function requireInstalled({ step }: Operating, id: string): Promise<void> {
  await lookUp({ what: 'whether it is there', advice: UNSEEN }, () => step('get_application', { application_id: id }))
}

/** As many as are counted; nodes list no more at once. */
const COUNTED_MAX = 1000

/** Contexts whose application is gone can be neither called nor read. */
async function requireUnused({ client, node, signal }: Operating, id: string): Promise<void> {
  const list = () => client.listContextsOf(id, COUNTED_MAX, { signal })
  const { length: count } = rowsOf(await lookUp({ what: 'the contexts that run it', advice: UNSEEN }, list), 'contexts')
  if (count === 0) return
  const many = count < COUNTED_MAX ? counted(count, 'context') : `${COUNTED_MAX} contexts or more`
  throw new CommandError(
    'USAGE',
    `${many} of ${node.name} run ${id}, and could not be called without it; --force removes it all the same, ` +
      'and they go on when it is installed again',
  )
}
