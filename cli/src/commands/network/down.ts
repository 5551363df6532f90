// `calbox down`: ends nodes of this working directory; their data stays.
import type { LocalNode } from '@calbox/workflows'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { parsePositive } from '../parse-option.ts'
import { statePath } from '../state-path.ts'
import { describeUsed } from './used-nodes.ts'

export interface DownOptions {
  readonly all?: boolean
  readonly forget?: boolean
  readonly timeout: number
}

export function registerDown(program: Command, edge: CommandEdge): void {
  program
    .command('down')
    .description('stop nodes that were left running; their data stays')
    .argument('[nodes...]', 'names of nodes; default: all that no calbox is using')
    .option('--all', 'also nodes that a running calbox is using')
    .option('--forget', 'take nodes for ended that were started elsewhere, on a machine or in a container that is gone')
    .option('--timeout <seconds>', 'for a node to end by itself before it is killed', parsePositive, 10)
    .action((names: string[], options: DownOptions) => runDown(names, options, edge))
}

export async function runDown(names: readonly string[], options: DownOptions, edge: CommandEdge): Promise<void> {
  const { forgetElsewhere, listLocalNodes, NodeState, stopLocalNode, sweepUsedEngines } = await import(
    '@calbox/workflows'
  )
  const state = new NodeState(statePath(edge))
  const nodes = await listLocalNodes(state, { signal: edge.signal })
  if (options.forget) {
    const meant = chosenByName(nodes, names).map(({ record }) => record)
    const forgotten = await forgetElsewhere(state, meant)
    for (const name of forgotten) edge.stdout.write(`${name}  taken for ended\n`)
    if (forgotten.length === 0) edge.stdout.write('no node was started elsewhere\n')
    return
  }
  const chosen = chooseNodes(nodes, names, options.all === true)
  const used = nodes.filter((node) => node.owner !== undefined && !chosen.includes(node))
  if (names.length === 0 && used.length > 0) {
    edge.stdout.write(`left alone: ${describeUsed(used)}; --all stops them, too\n`)
  } else if (chosen.length === 0) edge.stdout.write('no node is running here\n')
  const elsewhere = nodes.filter(({ status }) => status === 'elsewhere').map(({ record }) => record.name)
  if (elsewhere.length > 0) {
    edge.stdout.write(
      `left alone: ${elsewhere.join(', ')}, started on another machine or in a container that shares this folder: \`calbox down\` there ends them; if that is gone, --forget takes them for ended\n`,
    )
  }
  const stopping = { graceMs: options.timeout * 1000, signal: edge.signal }
  await Promise.all(
    chosen.map(async ({ record }) => {
      await stopLocalNode(state, record, stopping)
      edge.stdout.write(`${record.name}  stopped\n`)
    }),
  )
  for (const name of await sweepUsedEngines(state, statePath(edge), { signal: edge.signal })) {
    edge.stdout.write(`${name}  removed: a container that a calbox which was killed has left\n`)
  }
}

/** All, where none is named. */
function chosenByName(nodes: readonly LocalNode[], names: readonly string[]): LocalNode[] {
  const unknown = names.filter((name) => !nodes.some(({ record }) => record.name === name))
  if (unknown.length > 0) {
    const known = nodes.map(({ record }) => record.name).join(', ')
    throw new CommandError(
      'USAGE',
      `no node called ${unknown.join(', ')} here; ${known === '' ? 'there is none' : `known: ${known}`}`,
    )
  }
  return nodes.filter(({ record }) => names.length === 0 || names.includes(record.name))
}

function chooseNodes(nodes: readonly LocalNode[], names: readonly string[], all: boolean): LocalNode[] {
  const wanted = chosenByName(nodes, names).filter(isLeft)
  const used = wanted.filter(({ owner }) => owner !== undefined)
  if (names.length > 0 && used.length > 0 && !all) {
    const [first] = used
    const message = `node ${first?.record.name} is used by a running calbox (pid ${first?.owner?.pid}); --all stops it nevertheless`
    throw new CommandError('NODES_RUNNING', message)
  }
  return all ? wanted : wanted.filter(({ owner }) => owner === undefined)
}

/** What can be ended here; of a container that has ended by itself there is something left to take away. */
function isLeft({ status, record }: LocalNode): boolean {
  if (status === 'exited') return record.container !== undefined
  return status !== 'stopped' && status !== 'elsewhere'
}
