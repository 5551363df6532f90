// Scripts in containers of their own, for one run: which image its file means, and whether there can be any, known before
// anything starts.
import { DriverError } from '../driver/errors.ts'
import type { ImageScripts } from '../driver/image-scripts.ts'
import type { Plan, PlannedStep } from '../plan/plan-types.ts'
import { RunRefusedError } from './run-errors.ts'

const INSTEAD = 'write target: local (this machine, once) or target: nodes (once for each node), or start an engine'

/** Where a step that is run in any case needs what is not there. */
export async function refuseScripts(
  plan: Plan,
  scripts: ImageScripts | undefined,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const step = firstInImage(plan.steps)
  if (step === undefined) return
  const why = await reasonAgainst(scripts, options)
  if (why === undefined) return
  const message = `a script with target: image runs in a container, and there can be none: ${why}; ${INSTEAD}`
  throw new RunRefusedError(message, { file: step.file ?? plan.file, ...step.position })
}

/** They run in the image of the nodes. */
export function scriptsOf(plan: Plan, scripts: ImageScripts): ImageScripts {
  const { image: name = plan.nodes.find((node) => node.image !== undefined)?.image, forcePullImage: pull } =
    plan.settings
  const image = name === undefined ? undefined : { name, pull }
  return {
    check: (options) => scripts.check(options),
    run: (script, options) => scripts.run({ ...script, image }, options),
  }
}

async function reasonAgainst(
  scripts: ImageScripts | undefined,
  options: { readonly signal: AbortSignal },
): Promise<string | undefined> {
  try {
    await scripts?.check(options)
    return scripts === undefined ? 'nothing here makes containers' : undefined
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof DriverError) return error.message
    throw error
  }
}

/** One that a condition may leave out is not looked at: it says so itself when it is reached. */
function firstInImage(steps: readonly PlannedStep[]): PlannedStep | undefined {
  for (const step of steps) {
    if (step.controls?.if !== undefined) continue
    const { target = 'image' } = step.input
    if (step.kind === 'script' && target === 'image') return step
    const nested = firstInImage(step.branches.flatMap((branch) => branch.steps))
    if (nested !== undefined) return nested
  }
  return undefined
}
