// `calbox steps`: the step kinds and their fields, straight from the registry.
import type { Command } from 'commander'
import { renderStepKind, renderStepList } from '../../render/step-help.ts'
import { createStyle } from '../../render/style.ts'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'

export function registerSteps(program: Command, edge: CommandEdge): void {
  program
    .command('steps')
    .description('list the step kinds, or the fields of one')
    .argument('[kind]', 'name of a kind')
    .action((kind: string | undefined) => runSteps(kind, edge))
}

export async function runSteps(name: string | undefined, edge: CommandEdge): Promise<void> {
  const { stepControlNames, stepKind, stepKinds } = await import('@calbox/workflows/steps')
  const style = createStyle(edge.stdout, edge.env)
  if (name === undefined) {
    edge.stdout.write(renderStepList(stepKinds, stepControlNames, style))
    return
  }
  const kind = stepKind(name)
  if (!kind) {
    const { didYouMean } = await import('@calbox/workflows/did-you-mean')
    const names = stepKinds.flatMap(({ kind: own, aliases = [] }) => [own, ...aliases])
    const near = didYouMean(name, names, '`calbox steps` lists them')
    throw new CommandError('USAGE', `there is no step kind ${name}; ${near}`)
  }
  edge.stdout.write(renderStepKind(kind, style))
}
