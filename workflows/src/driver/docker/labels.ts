// What is ours in an engine, and whose: labels on every container and network that calbox makes.
import { isAlive, isElsewhere } from '../process/process-identity.ts'
import { folderId } from '../state/folder-id.ts'
import type { Owner } from '../state/node-state.ts'
import { field, textField } from './engine/engine-reply.ts'

/** The path of the folder with the records: all that belongs to one working directory, of this machine and of others. */
export const LABEL_STATE = 'calbox.state'
/** The id of that folder, which tells it from one of the same path on another machine. */
export const LABEL_FOLDER = 'calbox.folder'
/** The driver that made it; its reaper goes by this. */
export const LABEL_DRIVER = 'calbox.driver'
/** The calbox process with that driver: `pid startId space`; earlier ones left out the space. */
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
    [LABEL_FOLDER]: folderId(stateDir),
    [LABEL_DRIVER]: owner.driverId,
    [LABEL_OWNER]: [owner.pid, owner.startId, owner.space ?? ''].join(' ').trim(),
    [LABEL_RUN]: runId,
  }
}

/** For the `filters` of a list. */
export function labelled(...labels: readonly string[]): string {
  return JSON.stringify({ label: labels })
}

/** That of this folder. What carries its path only may be of another machine. */
export function isOfFolder(thing: unknown, stateDir: string): boolean {
  return textField(field(thing, 'Labels'), LABEL_FOLDER) === folderId(stateDir)
}

/** The calbox that made it lives, or may live where nobody here can see it. */
export function hasLiveOwner(thing: unknown): boolean {
  const [pid = '', startId = '', space] = textField(field(thing, 'Labels'), LABEL_OWNER).split(' ')
  const owner = { pid: Number(pid), startId, ...(space !== undefined && { space }) }
  return isElsewhere(owner) || isAlive(owner)
}
