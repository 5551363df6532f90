// One operator command: finds the node, does its work with the requests of the steps, shows the answer, and says of a
// failure what was tried where, what was answered and what to do.
import type { JsonValue, OperatedNode } from '@calbox/workflows'
import { visibleText } from '@calbox/workflows/visible-text'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { operatorError } from './operator-error.ts'
import type { NodeOptions } from './target/node-options.ts'
import { findTarget, openNode, type Target } from './target/open-node.ts'

export interface Operating {
  readonly node: OperatedNode
  readonly client: OperatedNode['client']
  readonly signal: AbortSignal
  /** Runs the step kind of that name; gives what the node answered, without its `data` envelope. */
  step(kind: string, input?: Readonly<Record<string, JsonValue | undefined>>): Promise<JsonValue>
}

export interface Answer {
  /** For `--json`. */
  readonly json: JsonValue
  /** For people; with its line end. What others have named may be in it. */
  readonly text: string
  /** What was done, said beside a `text` that is an id alone for `$(…)`; without its line end. */
  readonly note?: string
}

export interface Work {
  /** What is tried, for errors: `installing app.wasm`. */
  readonly doing: string
  /** Command that shows what there is, where the node knows no such thing: `calbox app list`. */
  readonly lookup?: string
  /** What may help besides, there. */
  readonly elsewhere?: string
  run(on: Operating): Promise<Answer>
}

export async function operate(work: Work, options: NodeOptions, edge: CommandEdge): Promise<void> {
  await show(await perform(work, await findTarget(options, edge), options, edge), options, edge)
}

/** Throws CommandError. */
export async function perform(work: Work, target: Target, options: NodeOptions, edge: CommandEdge): Promise<Answer> {
  if (target.trouble !== undefined) throw new CommandError('NO_NODE', target.trouble)
  try {
    const node = await openNode(target, options, edge)
    return await work.run(await operating(node, edge))
  } catch (error) {
    throw operatorError(error, { ...work, target, options, edge })
  }
}

export async function show({ json, text, note }: Answer, options: NodeOptions, edge: CommandEdge): Promise<void> {
  const { stringifyLosslessJson } = await import('@calbox/workflows')
  edge.stdout.write(options.json === true ? `${stringifyLosslessJson(json, 2)}\n` : visibleText(text))
  if (note !== undefined && options.json !== true) edge.stderr.write(`${visibleText(note)}\n`)
}

async function operating(node: OperatedNode, edge: CommandEdge): Promise<Operating> {
  const { runStepAlone, unwrapData } = await import('@calbox/workflows')
  const { signal, cwd, env } = edge
  return {
    node,
    client: node.client,
    signal,
    async step(kind, input = {}) {
      const onNote = (message: string) => edge.stderr.write(`· ${visibleText(message)}\n`)
      const { payload } = await runStepAlone({ kind, input, node, cwd, env, onNote }, { signal })
      return unwrapData(payload ?? null)
    },
  }
}
