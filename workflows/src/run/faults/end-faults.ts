// The end of a run for its faults, whatever fails of it: what was to end ends, and the rest is handed over to the nodes.
import { placeOf } from '../../report/file-report.ts'
import { FAULTS_SHOWN_MAX } from '../../report/limits.ts'
import type { ActiveFault } from '../../steps/fault/making/fault-port.ts'
import type { RunNodes } from '../nodes/run-nodes.ts'
import { faultWithNodes } from './fault-with-nodes.ts'

/** `timed`: nodes are kept, and nobody would end what was to end by itself. `left`: names of what is on, with the nodes. */
export async function endFaults(
  nodes: Pick<RunNodes, 'faults' | 'handOverFaults'>,
  options: { readonly signal: AbortSignal; readonly timed: boolean },
): Promise<{ readonly errors: readonly unknown[]; readonly left: readonly string[] }> {
  const errors: unknown[] = []
  const noted = (error: unknown) => void errors.push(error)
  await nodes.faults.finish(options).catch(noted)
  if (options.timed) await nodes.handOverFaults(options).catch(noted)
  return { errors, left: nodes.faults.active().map(({ name, nodes: on }) => faultWithNodes(name, on)) }
}

/** Of a run that passed: what its last steps ran under, and was probably to be healed. Undefined where nothing was on. */
export function stillOnText(faults: readonly ActiveFault[]): string | undefined {
  if (faults.length === 0) return undefined
  const shown = faults.slice(0, FAULTS_SHOWN_MAX).map(({ what, place }) => {
    return place === undefined ? what : `${what} (${placeOf({ place })})`
  })
  const left = faults.length - shown.length
  return `still on when the last step had passed: ${[...shown, ...(left === 0 ? [] : [`${left} more`])].join('; ')}`
}
