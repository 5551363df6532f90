// What an operator command is, as facts: name, arguments, options, and the work. How a node is chosen, how failures and
// answers are shown is the same for all of them.
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { parsePositive, parseText } from '../parse-option.ts'
import { idOf } from './ids.ts'
import { saidAsAsked } from './json-failure.ts'
import { type Answer, type Operating, operate } from './operate.ts'
import { type NodeOptions, withNodeOptions } from './target/node-options.ts'

export interface OperatorCommand {
  readonly name: string
  readonly summary: string
  /** `<file>`, `[json]` or `<accounts...>` → what it is. For `<context>` and `<application>` a name may be given. */
  readonly args?: Readonly<Record<string, string>>
  /** `--name <text>` → what it is. */
  readonly options?: Readonly<Record<string, string>>
  /** What is tried, for errors. */
  readonly doing: (given: Given) => string
  /** Shows what there is, where the node knows no such thing. */
  readonly lookup?: string
  /** What may help besides, there. */
  readonly elsewhere?: (given: Given) => string | undefined
  readonly run: (on: Operating, given: Given) => Promise<Answer>
}

/** What the command line gave, by the names of arguments and options. */
export class Given {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  text(name: string): string {
    const value = this.#values[name]
    if (typeof value === 'string') return value
    throw new Error(`assertion failed: the command has no text ${name}`)
  }

  optional(name: string): string | undefined {
    return this.#values[name] === undefined ? undefined : this.text(name)
  }

  list(name: string): string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.map(String) : []
  }

  /** The same with ids where names of the node were given. Throws as `idOf`. */
  async withIds({ node, signal }: Operating): Promise<Given> {
    const ids: Record<string, string> = {}
    for (const kind of ['context', 'application'] as const) {
      const text = this.optional(kind)
      if (text !== undefined) ids[kind] = await idOf(kind, text, node, { signal })
    }
    return new Given({ ...this.#values, ...ids })
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }
}

export function addCommands(parent: Command, edge: CommandEdge, commands: readonly OperatorCommand[]): void {
  for (const command of commands) addCommand(parent, edge, command)
}

function addCommand(parent: Command, edge: CommandEdge, spec: OperatorCommand): void {
  const { args = {}, options = {} } = spec
  const command = parent.command(spec.name).description(spec.summary)
  for (const [syntax, about] of Object.entries(args)) {
    if (syntax.includes('...')) command.argument(syntax, about, parseTexts)
    else command.argument(syntax, about, parseText)
  }
  for (const [flags, about] of Object.entries(options)) {
    if (flags.includes('...')) command.option(flags, about)
    else if (flags.includes('<')) command.option(flags, about, parseText)
    else command.option(flags, about)
  }
  const names = Object.keys(args).map((syntax) => syntax.replace(/[<>[\].]/g, ''))
  withNodeOptions(command, parsePositive).action((...all: unknown[]) => {
    const values = Object.fromEntries(names.map((name, index) => [name, all[index]]))
    const chosen = command.opts<NodeOptions>()
    const given = new Given({ ...chosen, ...values })
    const { doing, lookup, run } = spec
    const elsewhere = spec.elsewhere?.(given)
    const work = {
      doing: doing(given),
      ...(lookup !== undefined && { lookup }),
      ...(elsewhere !== undefined && { elsewhere }),
      run: async (on: Operating) => run(on, await given.withIds(on)),
    }
    return saidAsAsked(chosen, edge, () => operate(work, chosen, edge))
  })
}

function parseTexts(text: string, before: unknown): string[] {
  return [...(Array.isArray(before) ? before.map(String) : []), parseText(text)]
}
