// Plans workflow files the way run and validate share: files of steps are looked for, variables come from outside.
import { homedir } from 'node:os'
import path from 'node:path'
import type { PlanResult, SeenFile, SeenText } from '@calbox/workflows'
import type { CommandEdge } from '../command-edge.ts'
import { lookAtFile, readIncludedFile } from './look-at-file.ts'
import { readWorkflowFiles, type WorkflowFile } from './workflow-files.ts'

/** A file, or one combination of a file with a matrix. */
export interface PlannedFile extends PlanResult {
  readonly file: WorkflowFile
  /** The file's name, and the combination. */
  readonly label: string
}

export interface PlanFilesOptions {
  /** Nothing is going to be run: a file of a step may yet be built. */
  readonly onlyChecked?: boolean
  /** Nodes that the command line adds. */
  readonly remoteNodeNames?: readonly string[]
}

export async function planFiles(
  given: readonly string[],
  edge: CommandEdge,
  options: PlanFilesOptions = {},
): Promise<PlannedFile[]> {
  const files = readWorkflowFiles(edge.cwd, given)
  // Not the whole engine: what it takes to run is loaded when something is run.
  const [{ planWorkflow }, { stepSchemas }] = await Promise.all([
    import('@calbox/workflows/plan'),
    import('@calbox/workflows/steps'),
  ])
  const seen = new Map<string, SeenFile>()
  const lookAt = (name: string) => {
    const place = path.resolve(edge.cwd, inHome(name))
    const found = seen.get(place) ?? lookAtFile(place)
    seen.set(place, found)
    return found
  }
  return files.flatMap((file) => {
    const result = planWorkflow({
      file: file.name,
      text: file.text,
      kinds: stepSchemas,
      lookAtFile: lookAt,
      readIncluded: includedFrom(edge),
      environment: edge.env,
      absentFiles: options.onlyChecked === true ? 'warning' : 'error',
      remoteNodeNames: options.remoteNodeNames ?? [],
    })
    return eachPlan(file, result)
  })
}

export function includedFrom(edge: CommandEdge): (name: string) => SeenText {
  return (name) => readIncludedFile(path.resolve(edge.cwd, inHome(name)))
}

/** The problems are those of the file: they are said once, with the first combination. */
function eachPlan(file: WorkflowFile, result: PlanResult): PlannedFile[] {
  if (result.plans.length === 0) return [{ file, label: file.name, ...result }]
  return result.plans.map((plan, at) => ({
    ...result,
    file,
    plan,
    label: plan.matrix === undefined ? file.name : `${file.name} (${plan.matrix.label})`,
    problems: at === 0 ? result.problems : [],
  }))
}

function inHome(name: string): string {
  return name.replace(/^~(?=\/|$)/, homedir())
}
