// Port of the driver: where its nodes are made, found again and taken away. Containers of an engine (ContainerHost), or services
// of a swarm (SwarmHost).
import type { ExitCause, NodeSpec } from '../driver.ts'
import type { LogStart } from '../process/log-file.ts'
import type { ProcessIdentity } from '../process/process-identity.ts'
import type { ContainerPlace, NodeRecord } from '../state/node-state.ts'
import type { ResolvedSpec } from '../state/spec-record.ts'
import type { CommandEnd } from './container/run-once.ts'
import type { NodeNetworks } from './node-networks.ts'

/** One life of a node. */
export interface NodeLife {
  /** Of its container. */
  readonly id: string
  /** Never rejects. */
  readonly exited: Promise<ExitCause>
  readonly cause: ExitCause | undefined
  readonly isPaused: boolean
  /** SIGTERM, and SIGKILL after the grace period. An abort shortens the grace to nothing. */
  stop(graceMs: number, signal?: AbortSignal): Promise<ExitCause>
  kill(): Promise<ExitCause>
  /** Rejects where it cannot be held still. */
  pause(options?: { readonly signal?: AbortSignal }): Promise<void>
  resume(options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** Copies what the node writes into its log file. */
export interface LogCopy {
  /** When the node has ended and all of its log is in the file, or nobody wants it any more. Never rejects. */
  readonly done: Promise<void>
  /** Stamp of the last line in the file. */
  readonly last: string
}

export interface AttachedNode {
  readonly life: NodeLife
  readonly log: LogCopy
}

export interface StartedNode extends AttachedNode {
  readonly place: ContainerPlace
  /** As the machine of the container numbers it; only told, never signalled. */
  readonly process: ProcessIdentity
  readonly rpcPort: number
}

interface AbortOptions {
  readonly signal: AbortSignal
}

export interface NodeHost {
  /** Nodes run in the image that their file names, where it names one. */
  readonly imageAsWritten: boolean
  /** Of a node that was here before: the ports and boot nodes of this run in its config. */
  prepare(spec: ResolvedSpec): Promise<void>
  /** PORT_BUSY where the HTTP port cannot be published. Nothing stays of what cannot be started. */
  start(spec: ResolvedSpec, options: AbortOptions & { readonly closed: AbortSignal }): Promise<StartedNode>
  /** One that an earlier calbox started. */
  attach(
    place: ContainerPlace,
    record: Pick<NodeRecord, 'logFile' | 'logStart' | 'runId'>,
    signal: AbortSignal,
  ): Promise<AttachedNode & { readonly logStart: LogStart }>
  /** What is left of a life that has ended. */
  remove(place: ContainerPlace, spec: Pick<NodeSpec, 'name' | 'runId'>): Promise<void>
  /** Absent: nodes are on no others than that of their run. */
  networks?(): Promise<NodeNetworks>
  removeEmptyNetworks(): Promise<void>
  initialise(spec: ResolvedSpec, options: AbortOptions): Promise<CommandEnd>
  runCommand(
    spec: NodeSpec,
    args: readonly string[],
    options: AbortOptions & { readonly timeoutMs: number },
  ): Promise<CommandEnd>
  /** Copies a file of this machine to where the node can read it; gives the path there. It goes with the node's data. */
  placeFile(spec: NodeSpec, place: ContainerPlace, file: string): Promise<string>
}
