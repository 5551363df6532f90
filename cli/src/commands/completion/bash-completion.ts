// The completion of bash, as a script that needs nothing but bash: no bash-completion package, no call of calbox.
// Names of files are data of whoever made the checkout: compgen -W runs the commands in its words, so it gets ours only.
import type { CommandEntry, Expected, OptionEntry } from './command-table.ts'

export function bashCompletion(table: readonly CommandEntry[], steps: readonly string[]): string {
  const all = table.flatMap((command) => [command, ...command.commands])
  const nested = table.filter(({ commands }) => commands.length > 0)
  return `# bash completion of calbox; made by: calbox completion bash
_calbox_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -X '!*.yml' -- "$1"; compgen -f -X '!*.yaml' -- "$1"; compgen -d -- "$1")
}

_calbox_nodes() {
  local name
  for name in .calbox/nodes/*.json; do
    name=\${name##*/} name=\${name%.json}
    [[ $name == "$1"* && $name =~ ^[A-Za-z0-9][A-Za-z0-9_.-]*$ ]] && COMPREPLY+=("$name")
  done
}

_calbox() {
  # Words that bash takes apart at = are one again: --report=junit=x.
  local line="\${COMP_LINE:0:COMP_POINT}" cur='' prev='' word command=''
  local -a words
  read -r -a words <<< "$line"
  [[ $line == *[[:space:]] ]] || { cur="\${words[-1]}"; unset 'words[-1]'; }
  prev="\${words[-1]}"
  COMPREPLY=()
  local at skip=0
  for ((at = 1; at < \${#words[@]}; at++)); do
    word="\${words[at]}"
    if ((skip)); then skip=0; continue; fi
    case "$word" in
      ${valueFlags(all).join('|')}) skip=1 ;;
      -*) ;;
      *)
        case "$command $word" in
${table.map(({ name }) => `          ' ${name}') command='${name}' ;;`).join('\n')}
${nested.flatMap(({ commands }) => commands.map(({ name }) => `          '${name}') command='${name}' ;;`)).join('\n')}
        esac ;;
    esac
  done
  case "$command" in
    '')
      COMPREPLY=($(compgen -W '${words(table.map(({ name }) => name))} --help --version' -- "$cur")) ;;
${all.map((command) => bashCommand(command, steps)).join('\n')}
  esac
  # What ends in = goes on.
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  # bash puts what is chosen in the place of what follows the last =.
  if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then COMPREPLY=("\${COMPREPLY[@]#"\${cur%=*}="}"); fi
  return 0
}

complete -F _calbox calbox
`
}

function bashCommand({ name, options, argument, commands }: CommandEntry, steps: readonly string[]): string {
  const withValue = options.filter(({ value }) => value !== undefined)
  const flags = words(options.flatMap(({ long }) => long))
  const inside = commands.map((command) => command.name.split(' ').at(-1) ?? '')
  const rest = commands.length > 0 ? `COMPREPLY=($(compgen -W '${words(inside)}' -- "$cur"))` : reply(argument, steps)
  return `    '${name}')
      case "$prev" in
${withValue.map(({ long, short, value }) => `        ${[long, short].filter(Boolean).join('|')}) ${value ? reply(value, steps) : ':'} ;;`).join('\n')}
        *)
          case "$cur" in
            -*) COMPREPLY=($(compgen -W '${flags}' -- "$cur")) ;;
            *) ${rest} ;;
          esac ;;
      esac ;;`
}

function reply(expected: Expected, steps: readonly string[]): string {
  switch (expected.kind) {
    case 'yaml':
      return '_calbox_files "$cur"'
    case 'file':
      return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
    case 'folder':
      return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")'
    case 'node':
      return '_calbox_nodes "$cur"'
    case 'step':
      return `COMPREPLY=($(compgen -W '${words(steps)}' -- "$cur"))`
    case 'words':
      return `COMPREPLY=($(compgen -W '${words(expected.words)}' -- "$cur"))`
    case 'nothing':
      return ':'
  }
}

function valueFlags(all: readonly CommandEntry[]): string[] {
  const flags = all.flatMap(({ options }) => options.filter(({ value }) => value !== undefined).flatMap(namesOf))
  return [...new Set(flags)]
}

function namesOf({ long, short }: OptionEntry): string[] {
  return short === undefined ? [long] : [long, short]
}

function words(list: readonly string[]): string {
  return list.join(' ')
}
