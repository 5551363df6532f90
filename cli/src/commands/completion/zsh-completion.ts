// The completion of zsh: with descriptions, and files that may be workflows.
import type { CommandEntry, Expected, OptionEntry } from './command-table.ts'

export function zshCompletion(table: readonly CommandEntry[], steps: readonly string[]): string {
  return `#compdef calbox
# zsh completion of calbox; made by: calbox completion zsh
__calbox_nodes() {
  local -a names
  names=(.calbox/nodes/*.json(N:t:r))
  # Names of nodes only: a checkout may have any file there.
  names=(\${\${names:#*[^A-Za-z0-9_.-]*}:#[^A-Za-z0-9]*})
  compadd -a names
}

__calbox_steps() {
  local -a names
  names=(${steps.join(' ')})
  compadd -a names
}

${table.flatMap((command) => functionsOf(command)).join('\n\n')}

_calbox() {
  local context state line
  local -a commands
  _arguments -C '--help[show what there is]' '--version[which one it is]' '1: :->command' '*:: :->rest'
  case $state in
    command)
      commands=(
${table.map(described).join('\n')}
      )
      _describe 'command' commands ;;
    rest)
      case $words[1] in
${table.map(({ name }) => `        ${name}) ${functionName(name)} ;;`).join('\n')}
      esac ;;
  esac
}

if [[ $funcstack[1] == _calbox ]]; then _calbox "$@"; else compdef _calbox calbox; fi
`
}

function functionsOf(command: CommandEntry): string[] {
  const { name, options, argument, commands } = command
  if (commands.length === 0) {
    const lines = [...options.flatMap(optionSpecs), ...argumentSpecs(argument)]
    return [`${functionName(name)}() {\n  _arguments -s ${lines.join(' \\\n    ')}\n}`]
  }
  return [
    ...commands.flatMap(functionsOf),
    `${functionName(name)}() {
  local context state line
  local -a commands
  _arguments -C '1: :->command' '*:: :->rest'
  case $state in
    command)
      commands=(
${commands.map(described).join('\n')}
      )
      _describe 'command' commands ;;
    rest)
      case $words[1] in
${commands.map((each) => `        ${last(each.name)}) ${functionName(each.name)} ;;`).join('\n')}
      esac ;;
  esac
}`,
  ]
}

function described({ name, summary }: CommandEntry): string {
  return `        ${quote(`${last(name)}:${summary}`)}`
}

/** One for each spelling; brackets and colons have a meaning in them. */
function optionSpecs({ long, short, summary, value }: OptionEntry): string[] {
  const text = summary.replace(/[[\]:]/g, (sign) => `\\${sign}`)
  const rest = value === undefined ? '' : `:value:${action(value)}`
  return [long, ...(short === undefined ? [] : [short])].map((flag) => quote(`*${flag}[${text}]${rest}`))
}

function argumentSpecs(argument: Expected): string[] {
  return argument.kind === 'nothing' ? [] : [quote(`*:${argument.kind}:${action(argument)}`)]
}

function action(expected: Expected): string {
  switch (expected.kind) {
    case 'yaml':
      return '_files -g "*.(yml|yaml)(-.)"'
    case 'file':
      return '_files'
    case 'folder':
      return '_files -/'
    case 'node':
      return '__calbox_nodes'
    case 'step':
      return '__calbox_steps'
    case 'words':
      return `(${expected.words.join(' ')})`
    case 'nothing':
      return ' '
  }
}

function functionName(name: string): string {
  return `_calbox_${name.replaceAll(' ', '_')}`
}

function last(name: string): string {
  return name.split(' ').at(-1) ?? name
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
