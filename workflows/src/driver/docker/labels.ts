// What is ours in an engine, and whose: labels on every container and network that calbox makes.
import type { Owner } from '../state/node-state.ts'

/** The folder with the records: all that belongs to one working directory. */
export const LABEL_STATE = 'calbox.state'
/** The driver that made it; its reaper goes by this. */
export const LABEL_DRIVER = 'calbox.driver'
/** The calbox process with that driver: `pid startId`. */
export const LABEL_OWNER = 'calbox.owner'
export const LABEL_NODE = 'calbox.node'
export const LABEL_RUN = 'calbox.run'
/** On what is of a topology beside the nodes: what it is for. */
export const LABEL_TOPOLOGY = 'calbox.topology'
/** merobox has it on its containers, and scripts look for it. */
export const LABEL_MEROBOX = 'calimero.node'

export function ownLabels(stateDir: string, owner: Owner, runId: string): Record<string, string> {
  return {
    [LABEL_STATE]: stateDir,
    [LABEL_DRIVER]: owner.driverId,
    [LABEL_OWNER]: `${owner.pid} ${owner.startId}`,
    [LABEL_RUN]: runId,
  }
}

/** For the `filters` of a list. */
export function labelled(...labels: readonly string[]): string {
  return JSON.stringify({ label: labels })
}
