// The command line: which commands there are. Each command loads what it needs when it is run.
import { Command, CommanderError } from 'commander'
import { type CommandEdge, processEdge } from './commands/command-edge.ts'
import { registerCompletion } from './commands/completion/completion.ts'
import { registerImage } from './commands/image/image.ts'
import { registerMeroctl } from './commands/meroctl/meroctl.ts'
import { registerDown } from './commands/network/down.ts'
import { registerLogs } from './commands/network/logs.ts'
import { registerNuke } from './commands/network/nuke.ts'
import { registerPs } from './commands/network/ps.ts'
import { registerUp } from './commands/network/up.ts'
import { registerAlias } from './commands/operator/alias.ts'
import { registerApp } from './commands/operator/app.ts'
import { registerBlob } from './commands/operator/blob.ts'
import { registerCall } from './commands/operator/call.ts'
import { registerContext } from './commands/operator/context.ts'
import { registerEvents } from './commands/operator/events.ts'
import { registerGroup } from './commands/operator/group.ts'
import { registerLogin } from './commands/operator/login.ts'
import { registerMember } from './commands/operator/member.ts'
import { registerNamespace } from './commands/operator/namespace.ts'
import { registerNodeFacts } from './commands/operator/node-facts.ts'
import { registerBootstrap } from './commands/run/bootstrap.ts'
import { registerRun } from './commands/run/run.ts'
import { registerInit } from './commands/workflow/init.ts'
import { registerLint } from './commands/workflow/lint.ts'
import { registerSchema } from './commands/workflow/schema.ts'
import { registerSteps } from './commands/workflow/steps.ts'
import { registerValidate } from './commands/workflow/validate.ts'
import { exitCodeFor } from './exit-code.ts'

const EXIT_CODES = `
Exit codes:
  0 passed   1 a step failed   2 bad file or usage   3 environment   4 timeout
  130, 143, 129 interrupted (129: its terminal is gone)   141 nobody reads its output any more`

/** `first`: the command that is asked for, where it is known: others that take long to declare are left out for it. */
export function createProgram(version: string, edge: CommandEdge, first?: string): Command {
  const program = new Command('calbox')
    .description('Start a network of real peer-to-peer nodes and drive it through a YAML workflow.')
    .version(version, '-V, --version')
    // One prefix for all that is wrong with a command line, whoever finds it. Copied to the commands below.
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'calbox: ')) })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', EXIT_CODES)
  const workflows = [
    registerRun,
    registerValidate,
    registerLint,
    registerSteps,
    registerSchema,
    registerInit,
    registerBootstrap,
  ]
  const nodes = [registerUp, registerDown, registerPs, registerLogs, registerNuke, registerImage]
  const operators = [
    registerApp,
    registerAlias,
    registerContext,
    registerCall,
    registerNamespace,
    registerGroup,
    registerMember,
    registerBlob,
    registerNodeFacts,
    registerEvents,
    registerLogin,
    registerMeroctl,
  ]
  for (const register of [...workflows, ...nodes]) register(program, edge)
  const isDeclared = program.commands.some((command) => command.name() === first)
  if (!isDeclared) for (const register of [...operators, registerCompletion]) register(program, edge)
  for (const command of [program, ...program.commands]) {
    for (const each of [command, ...command.commands]) each.exitOverride()
  }
  return program
}

/** Returns the exit code; never throws. */
export async function runProgram(
  args: readonly string[],
  options: { version: string; signal: AbortSignal },
): Promise<number> {
  const edge = processEdge(options.signal)
  try {
    await createProgram(options.version, edge, args[0]).parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has said it already; its own code for bad usage is 1.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return await exitCodeFor(error, edge)
  }
}
