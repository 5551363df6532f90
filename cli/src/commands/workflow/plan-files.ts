// Plans workflow files the way run and validate share: files of steps are looked for, variables come from outside.
import { homedir } from 'node:os'
import path from 'node:path'
import type { PlanResult } from '@calbox/workflows'
import type { CommandEdge } from '../command-edge.ts'
import { lookAtFile } from './look-at-file.ts'
import { readWorkflowFiles, type WorkflowFile } from './workflow-files.ts'

export interface PlannedFile extends PlanResult {
  readonly file: WorkflowFile
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
  const lookAt = (name: string) => lookAtFile(path.resolve(edge.cwd, name.replace(/^~(?=\/|$)/, homedir())))
  return files.map((file) => ({
    file,
    ...planWorkflow({
      file: file.name,
      text: file.text,
      kinds: stepSchemas,
      lookAtFile: lookAt,
      environment: edge.env,
      absentFiles: options.onlyChecked === true ? 'warning' : 'error',
      remoteNodeNames: options.remoteNodeNames ?? [],
    }),
  }))
}
