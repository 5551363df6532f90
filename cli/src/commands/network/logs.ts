// `calbox logs`: the logs of nodes, merged by time and prefixed by the name of the node.
import type { LocalNode, NodeLog } from '@calbox/workflows'
import type { Command } from 'commander'
import pc from 'picocolors'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { parseLines } from '../parse-option.ts'
import { statePath } from '../state-path.ts'
import { type LogLine, parseLogLine, renderLogLine } from './log-line.ts'

export interface LogsOptions {
  readonly follow?: boolean
  readonly tail: number
}

interface Source {
  readonly log: NodeLog
  write(line: LogLine): void
}

export function registerLogs(program: Command, edge: CommandEdge): void {
  program
    .command('logs')
    .description('show what nodes have written')
    .argument('[nodes...]', 'names of nodes; default: all of this working directory')
    .option('-f, --follow', 'go on until the nodes end, or Ctrl-C')
    .option('--tail <lines>', 'last lines of each node', parseLines, 100)
    .action((names: string[], options: LogsOptions) => runLogs(names, options, edge))
}

export async function runLogs(names: readonly string[], options: LogsOptions, edge: CommandEdge): Promise<void> {
  const { listLocalNodes, localNodeLog, NodeState } = await import('@calbox/workflows')
  const nodes = chooseLogs(await listLocalNodes(new NodeState(statePath(edge)), { signal: edge.signal }), names)
  const width = Math.max(...nodes.map(({ record }) => record.name.length))
  const colors = pc.createColors(edge.stdout.isTTY === true && edge.env.NO_COLOR === undefined)
  const sources = nodes.map(({ record }, index) => ({
    log: localNodeLog(record),
    write: (line: LogLine) => edge.stdout.write(renderLogLine(record.name.padEnd(width), line, colors, index)),
  }))
  const ends = await Promise.all(sources.map((source) => source.log.end()))
  await showTails(sources, ends, options.tail)
  if (options.follow) await Promise.all(sources.map((source, index) => follow(source, ends[index] ?? 0, edge.signal)))
}

/** Nodes that run; when none does, every node that has left a log. */
function chooseLogs(nodes: readonly LocalNode[], names: readonly string[]): LocalNode[] {
  const unknown = names.filter((name) => !nodes.some(({ record }) => record.name === name))
  if (unknown.length > 0)
    throw new CommandError('USAGE', `no node called ${unknown.join(', ')} here; \`calbox ps --all\` lists them`)
  if (names.length > 0) return nodes.filter(({ record }) => names.includes(record.name))
  const alive = nodes.filter(({ status }) => status !== 'stopped')
  if (nodes.length > 0) return alive.length > 0 ? alive : [...nodes]
  throw new CommandError('USAGE', 'there is no node here; `calbox up` or `calbox run` in this directory starts some')
}

async function showTails(sources: readonly Source[], ends: readonly number[], lines: number): Promise<void> {
  const all = await Promise.all(
    sources.map(async (source, index) => {
      // A line without a time belongs to the one before it: a stack trace stays together.
      let lastMs = 0
      return (await source.log.tail(lines, ends[index])).map((text) => {
        const line = parseLogLine(text)
        lastMs = line.timeMs ?? lastMs
        return { source, line, sortMs: lastMs }
      })
    }),
  )
  for (const { source, line } of all.flat().sort((a, b) => a.sortMs - b.sortMs)) source.write(line)
}

async function follow(source: Source, from: number, signal: AbortSignal): Promise<void> {
  for await (const line of source.log.follow({ signal, from })) source.write(parseLogLine(line))
}
