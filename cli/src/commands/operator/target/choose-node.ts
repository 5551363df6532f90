// Which node of this directory a command is for: the one that is named, else the only one of the last run. Pure.
import type { LocalNode } from '@calbox/workflows'
import { CommandError } from '../../command-error.ts'

const START = '`calbox up` or `calbox run` in this directory starts some, and --node takes an address, too'
const NAME_IT = 'name one with --node, or set CALBOX_NODE'

/** A name that may have been meant. */
type Near = (name: string) => string | undefined

/** Throws CommandError: USAGE where it is not known or not one, NO_NODE where none can be asked. */
export function chooseNode(
  nodes: readonly LocalNode[],
  asked: string | undefined,
  near: Near = () => undefined,
): LocalNode {
  const node = asked === undefined ? onlyOne(nodes) : named(nodes, asked, near)
  const { record, status } = node
  if (status === 'stopped' || status === 'exited') {
    throw new CommandError('NO_NODE', `node ${record.name} does not run; \`calbox ps --all\` shows which ones do`)
  }
  return node
}

/** The nodes of the run that was started last, of those that still run. */
export function lastRun(nodes: readonly LocalNode[]): LocalNode[] {
  const alive = nodes.filter(({ status }) => status !== 'stopped' && status !== 'exited')
  const newest = alive.reduce<LocalNode | undefined>(
    (last, node) => (last && last.record.startedAt >= node.record.startedAt ? last : node),
    undefined,
  )
  return alive.filter(({ record }) => record.network === newest?.record.network)
}

export function requireNode(nodes: readonly LocalNode[]): void {
  if (lastRun(nodes).length === 0) throw new CommandError('NO_NODE', `no node is running here; ${START}`)
}

function onlyOne(nodes: readonly LocalNode[]): LocalNode {
  requireNode(nodes)
  const [only, ...more] = lastRun(nodes)
  if (only !== undefined && more.length === 0) return only
  const names = [only, ...more].flatMap((node) => node?.record.name ?? [])
  throw new CommandError('USAGE', `which node? ${names.join(', ')} run here; ${NAME_IT}`)
}

function named(nodes: readonly LocalNode[], asked: string, near: Near): LocalNode {
  const found = nodes.find(({ record }) => record.name === asked)
  if (found !== undefined) return found
  const names = nodes.map(({ record }) => record.name)
  if (names.length === 0)
    throw new CommandError('USAGE', `there is no node called ${asked} here, nor any other; ${START}`)
  const hint = near(asked)
  const known = `there are ${names.join(', ')}`
  throw new CommandError(
    'USAGE',
    `there is no node called ${asked} here; ${hint === undefined ? known : `${hint} ${known}`}`,
  )
}
