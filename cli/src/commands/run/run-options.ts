// What `calbox run` and merobox's spelling of it take.
import type { Command } from 'commander'
import { type DriverOptions, withDriverOptions } from '../driver/driver-options.ts'
import { parseKept, parsePositive } from '../parse-option.ts'
import { type ChosenValues, collectChosen } from './choose-combinations.ts'
import { type PlanChangeOptions, withPlanChanges } from './plan-changes.ts'
import { collectReports } from './report-options.ts'

export interface RunCommandOptions extends PlanChangeOptions, DriverOptions {
  readonly verbose?: boolean
  readonly quiet?: boolean
  readonly report?: readonly string[]
  readonly timeout?: number
  readonly seed?: string
  readonly matrix?: ChosenValues
  readonly dryRun?: boolean
  /** A dry run only warns of files that steps name and that are not there. */
  readonly filesMayLack?: boolean
  readonly bail?: boolean
  readonly keepRuns?: number
}

export function withRunOptions(command: Command): Command {
  command
    .option('-v, --verbose', 'also nested steps, replies and variables')
    .option('-q, --quiet', 'failures and the end only')
    .option(
      '--report <formats>',
      'console, github, json=FILE, junit=FILE; several with commas; FILE - is the standard output, =off leaves one out',
      collectReports,
    )
    .option('--timeout <seconds>', 'for each file', parsePositive)
    .option('--seed <text>', 'what steps that use chance draw it from: the same seed, the same operations')
    .option('--matrix <axis=value>', 'of a file with a matrix only what has this value; repeatable', collectChosen)
    .option('--dry-run', 'only check the files, and those that their steps name; start nothing')
    .option('--keep-runs <count>', 'directories in .calbox/runs that stay (default 20)', parseKept)
    .option('--bail', 'stop at the first file that fails')
  return withPlanChanges(withDriverOptions(command))
}
