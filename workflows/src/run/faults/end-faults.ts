// The end of a run for its faults, whatever fails of it: what was to end ends, and the rest is handed over to the nodes.
import type { RunNodes } from '../nodes/run-nodes.ts'

/** `timed`: nodes are kept, and nobody would end what was to end by itself. `left`: names of what is on, with the nodes. */
export async function endFaults(
  nodes: Pick<RunNodes, 'faults' | 'handOverFaults'>,
  options: { readonly signal: AbortSignal; readonly timed: boolean },
): Promise<{ readonly errors: readonly unknown[]; readonly left: readonly string[] }> {
  const errors: unknown[] = []
  const noted = (error: unknown) => void errors.push(error)
  await nodes.faults.finish(options).catch(noted)
  if (options.timed) await nodes.handOverFaults(options).catch(noted)
  return { errors, left: nodes.faults.active().map(({ name, nodes: on }) => `${name} (${on.join(', ')})`) }
}
