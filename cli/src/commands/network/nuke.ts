// `calbox nuke`: removes the data of nodes. Asks first, and touches nothing but directories with a node's config.toml.
import { relative } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { LocalNode, NodeData } from '@calbox/workflows'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { statePath } from '../state-path.ts'
import { describeUsed } from './used-nodes.ts'

export interface NukeOptions {
  readonly force?: boolean
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly prefix?: string
}

export function registerNuke(program: Command, edge: CommandEdge): void {
  program
    .command('nuke')
    .description('remove the data of nodes: calimero-node-* in ./data, and every node started here')
    .option('-f, --force', 'do not ask, and stop nodes that are running')
    .option('--all', 'with --force: also nodes that a running calbox is using')
    .option('--dry-run', 'only show what would be removed')
    .option('--prefix <name>', 'only nodes called <name>-*')
    .action((options: NukeOptions) => runNuke(options, edge))
}

export async function runNuke(options: NukeOptions, edge: CommandEdge): Promise<void> {
  const { findNodeData, listLocalNodes, NodeState, nukeNodes, sweepUsedEngines } = await import('@calbox/workflows')
  const state = new NodeState(statePath(edge))
  const query = { dataRoot: `${edge.cwd}/data`, ...(options.prefix !== undefined && { prefix: options.prefix }) }
  if (!options.dryRun) await sweepUsedEngines(state, statePath(edge), { signal: edge.signal })
  const found = await findNodeData(state, query)
  if (found.length === 0) {
    edge.stdout.write('there is no data of nodes to remove\n')
    return
  }
  const running = runningOf(found, await listLocalNodes(state, { signal: edge.signal }))
  for (const data of found) {
    const note = running.some(({ record }) => record.name === data.name) ? '  (running)' : ''
    edge.stdout.write(`${data.name}  ${relative(edge.cwd, data.directory)}${note}\n`)
  }
  if (options.dryRun) return
  const used = running.filter(({ owner }) => owner !== undefined)
  if (options.force && options.all !== true && used.length > 0) {
    const message = `nothing was removed: ${describeUsed(used)}; let it end, or add --all to end its nodes`
    throw new CommandError('NODES_RUNNING', message)
  }
  if (!options.force) await confirm(found, running, edge)
  await nukeNodes(state, found, { evenUsed: options.all === true, signal: edge.signal })
  edge.stdout.write(`removed the data of ${found.length === 1 ? '1 node' : `${found.length} nodes`}\n`)
}

function runningOf(found: readonly NodeData[], nodes: readonly LocalNode[]): LocalNode[] {
  return nodes
    .filter(({ status }) => status !== 'stopped' && status !== 'exited')
    .filter(({ record }) => found.some(({ name }) => name === record.name))
}

async function confirm(found: readonly NodeData[], running: readonly LocalNode[], edge: CommandEdge): Promise<void> {
  if (running.length > 0) {
    const names = running.map(({ record }) => record.name).join(', ')
    throw new CommandError('NODES_RUNNING', `${names} running; \`calbox down\` stops nodes, and --force does both`)
  }
  if (edge.stdin.isTTY !== true) {
    throw new CommandError('USAGE', 'removing data asks first, and there is no terminal to answer at; add --force')
  }
  edge.stdout.write(`Remove ${found.length === 1 ? 'it' : `all ${found.length}`}? This cannot be undone. [y/N] `)
  const answer = await readAnswer(edge)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('NOT_CONFIRMED', 'nothing was removed')
}

async function readAnswer(edge: CommandEdge): Promise<string> {
  const terminal = createInterface({ input: edge.stdin })
  try {
    return await terminal.question('', { signal: edge.signal })
  } catch (error) {
    edge.signal.throwIfAborted()
    throw error
  } finally {
    terminal.close()
  }
}
