// The completion of fish: one line for each word that may come, with its description.
import type { CommandEntry, Expected, OptionEntry } from './command-table.ts'

export function fishCompletion(table: readonly CommandEntry[], steps: readonly string[]): string {
  const lines = table.flatMap((command) => commandLines(command, steps))
  return `# fish completion of calbox; made by: calbox completion fish
function __calbox_workflows
    set -l start (commandline -ct)
    set -l found $start*
    string match -r '.*\\.ya?ml$' -- $found
    for folder in $start*/
        echo $folder
    end
end

function __calbox_nodes
    for file in .calbox/nodes/*.json
        # Names of nodes only: a checkout may have any file there.
        string match -r '^[A-Za-z0-9][A-Za-z0-9_.-]*$' -- (basename $file .json)
    end
end

# The words before the cursor that are no options, without calbox itself.
function __calbox_at
    set -l words (commandline -opc | string match -v -- '-*')
    set -l here (string join ' ' -- $words[2..(math (count $argv) + 1)])
    set -l wanted (string join ' ' -- $argv)
    test "$here" = "$wanted"
end

complete -c calbox -f
complete -c calbox -n 'not __calbox_any' -l help -s h -d 'show what there is'
complete -c calbox -n 'not __calbox_any' -l version -s V -d 'which one it is'
function __calbox_any
    set -l words (commandline -opc | string match -v -- '-*')
    test (count $words) -gt 1
end
${lines.join('\n')}
`
}

function commandLines(command: CommandEntry, steps: readonly string[]): string[] {
  const { name, summary, options, argument, commands } = command
  const words = name.split(' ')
  const own = words.at(-1) ?? name
  const parent = words.slice(0, -1).join(' ')
  // Not after a command that has been chosen already.
  const where = parent === '' ? 'not __calbox_any' : `__calbox_at ${parent}`
  const here = quote(`__calbox_at ${name}`)
  return [
    `complete -c calbox -n ${quote(where)} -a ${own} -d ${quote(summary)}`,
    ...options.map((option) => optionLine(option, here, steps)),
    ...(argument.kind === 'nothing' ? [] : [`complete -c calbox -n ${here} ${list(argument, steps)}`]),
    ...commands.flatMap((each) => commandLines(each, steps)),
  ]
}

function optionLine({ long, short, summary, value }: OptionEntry, here: string, steps: readonly string[]): string {
  const names = `-l ${long.replace(/^--/, '')}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const takes = value === undefined ? '' : ` -x ${list(value, steps)}`.trimEnd()
  return `complete -c calbox -n ${here} ${names}${takes} -d ${quote(summary)}`
}

function list(expected: Expected, steps: readonly string[]): string {
  switch (expected.kind) {
    case 'yaml':
      return "-a '(__calbox_workflows)'"
    case 'file':
      return '-F'
    case 'folder':
      return "-a '(__fish_complete_directories)'"
    case 'node':
      return "-a '(__calbox_nodes)'"
    case 'step':
      return `-a '${steps.join(' ')}'`
    case 'words':
      return `-a '${expected.words.join(' ')}'`
    case 'nothing':
      return ''
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
