// The commands with their options and arguments, as the completion of every shell needs them. Read from commander's own
// tree, so that nothing is said twice. Pure.
import type { Command, Option } from 'commander'

/** What stands where an argument or a value is expected. */
export type Expected =
  | { readonly kind: 'yaml' | 'file' | 'folder' | 'node' | 'step' | 'nothing' }
  | { readonly kind: 'words'; readonly words: readonly string[] }

export interface OptionEntry {
  /** `--report`. */
  readonly long: string
  readonly short?: string
  readonly summary: string
  /** Undefined: it takes none. */
  readonly value?: Expected
}

export interface CommandEntry {
  /** `run`, `bootstrap run`. */
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionEntry[]
  readonly argument: Expected
  readonly commands: readonly CommandEntry[]
}

export function commandTable(program: Command): CommandEntry[] {
  return entriesOf(program, '')
}

function entriesOf(parent: Command, above: string): CommandEntry[] {
  return parent.commands.map((command) => {
    const name = `${above}${command.name()}`
    const [argument] = command.registeredArguments
    const help: OptionEntry = { long: '--help', short: '-h', summary: 'show what it takes' }
    return {
      name,
      summary: command.description(),
      options: [...command.options.filter(({ hidden }) => !hidden).map(optionEntry), help],
      argument: argument === undefined ? { kind: 'nothing' } : expected(argument.name(), argument.argChoices),
      commands: entriesOf(command, `${name} `),
    }
  })
}

function optionEntry(option: Option): OptionEntry {
  const { short } = option
  const placeholder = /[<[]([\w=-]+)/.exec(option.flags)?.[1]
  return {
    long: option.long ?? option.flags,
    ...(short && { short }),
    summary: option.description,
    ...(placeholder !== undefined && { value: expected(placeholder, option.argChoices) }),
  }
}

/** By the names that arguments and values have in the help. */
function expected(name: string, choices: readonly string[] | undefined): Expected {
  if (choices !== undefined) return { kind: 'words', words: choices }
  if (name === 'formats') return { kind: 'words', words: ['console', 'github', 'json=', 'junit='] }
  if (name === 'mode') return { kind: 'words', words: ['embedded', 'proxy'] }
  if (name === 'files' || name === 'file') return { kind: 'yaml' }
  if (name === 'role') return { kind: 'words', words: ['Admin', 'Member', 'ReadOnly'] }
  if (name === 'source' || name === 'path') return { kind: 'file' }
  if (name === 'dir') return { kind: 'folder' }
  if (name === 'kind') return { kind: 'step' }
  if (name === 'nodes' || name === 'node' || name === 'names') return { kind: 'node' }
  return { kind: 'nothing' }
}
