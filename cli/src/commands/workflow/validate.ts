// `calbox validate`: every problem of a file, with its place and a fix. Starts nothing.
import type { Severity } from '@calbox/workflows'
import type { Command } from 'commander'
import { counted, countedSteps } from '../../render/counted.ts'
import { renderProblemText } from '../../render/problems.ts'
import { createStyle } from '../../render/style.ts'
import type { CommandEdge } from '../command-edge.ts'
import { QuietExit } from '../quiet-exit.ts'
import { type PlanFilesOptions, type PlannedFile, planFiles } from './plan-files.ts'

interface ValidateOptions extends PlanFilesOptions {
  /** Which combinations of a matrix are meant. Default all. */
  readonly choose?: (planned: readonly PlannedFile[]) => readonly PlannedFile[]
}

export function registerValidate(program: Command, edge: CommandEdge): void {
  program
    .command('validate')
    .description('show every problem of workflow files; starts nothing')
    .argument('[files...]', 'files or globs; default workflow.yml')
    .action((files: string[]) => runValidate(files, edge))
}

export async function runValidate(
  given: readonly string[],
  edge: CommandEdge,
  { choose = (planned) => planned, ...options }: ValidateOptions = { onlyChecked: true },
): Promise<void> {
  const { renderProblem } = await import('@calbox/workflows/problems')
  const style = createStyle(edge.stdout, edge.env)
  let errors = 0
  for (const { label, plan, problems, sources } of choose(await planFiles(given, edge, options))) {
    for (const problem of problems) {
      if (problem.severity === 'error') errors += 1
      if (problem.severity === 'note') edge.stdout.write(style.faint(`${style.note} ${problem.message}\n`))
      else {
        const text = renderProblem(problem, sources.get(problem.file) ?? '')
        edge.stdout.write(`${renderProblemText(text, problem.severity, style)}\n\n`)
      }
    }
    const steps =
      plan === undefined
        ? ''
        : ` (${counted(plan.nodes.length + plan.remoteNodes.length, 'node')}, ${countedSteps(plan.steps.length, plan.stepCount - plan.steps.length)})`
    const of = (wanted: Severity) => problems.filter(({ severity }) => severity === wanted).length
    const [bad, odd] = [of('error'), of('warning')]
    const verdict = bad === 0 ? style.good(`${style.passed} ${label} is valid`) : style.bad(`${style.failed} ${label}`)
    const numbers = [...(bad > 0 ? [counted(bad, 'error')] : []), ...(odd > 0 ? [counted(odd, 'warning')] : [])]
    const number = numbers.length === 0 ? '' : `: ${numbers.join(', ')}`
    edge.stdout.write(`${verdict}${number}${style.faint(steps)}\n`)
  }
  if (errors > 0) throw new QuietExit(2)
}
