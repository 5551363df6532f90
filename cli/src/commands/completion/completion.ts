// `calbox completion`: what a shell needs to complete calbox.
import { Argument, type Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { bashCompletion } from './bash-completion.ts'
import { commandTable } from './command-table.ts'
import { fishCompletion } from './fish-completion.ts'
import { zshCompletion } from './zsh-completion.ts'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const
type Shell = keyof typeof SHELLS

const HOW = `
In the start-up file of the shell:
  bash   source <(calbox completion bash)
  zsh    source <(calbox completion zsh)       after compinit
  fish   calbox completion fish | source`

export function registerCompletion(program: Command, edge: CommandEdge): void {
  program
    .command('completion')
    .description('print the completion of commands, options, step kinds and files for a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .addHelpText('after', HOW)
    .action(async (shell: Shell) => {
      const { stepKinds } = await import('@calbox/workflows/steps')
      const names = stepKinds.flatMap(({ kind, aliases = [] }) => [kind, ...aliases]).sort()
      edge.stdout.write(SHELLS[shell](commandTable(program), names))
    })
}
