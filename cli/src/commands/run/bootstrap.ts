// `calbox bootstrap run|validate|create-sample`: the command line of merobox, for scripts that are written for it.
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { runInit } from '../workflow/init.ts'
import { runValidate } from '../workflow/validate.ts'
import { runRun } from './run.ts'
import { type RunCommandOptions, withRunOptions } from './run-options.ts'

export function registerBootstrap(program: Command, edge: CommandEdge): void {
  const bootstrap = program.command('bootstrap').description("merobox's spelling of run, validate and init")
  withRunOptions(bootstrap.command('run').description('as calbox run').argument('<file>', 'workflow file')).action(
    // Its dry run looks at no files.
    (file: string, options: RunCommandOptions) => runRun([file], { ...options, filesMayLack: true }, edge),
  )
  bootstrap
    .command('validate')
    .description('as calbox validate')
    .argument('<file>', 'workflow file')
    .option('-v, --verbose', 'accepted: all problems are always shown')
    .action((file: string) => runValidate([file], edge))
  bootstrap
    .command('create-sample')
    .description('as calbox init')
    .action(() => runInit('.', edge))
  for (const command of bootstrap.commands) command.exitOverride()
}
