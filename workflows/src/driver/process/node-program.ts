// What a driver of processes has to know of the program that its nodes run. Reaper, ports, log file, record and signals
// are the same for every program; command lines, config and what a node answers are not.
import type { DriverCapabilities, NodeLog, NodeNeed, NodeSpec, RunningNode, StartOptions } from '../driver.ts'
import type { ResolvedSpec } from '../state/spec-record.ts'
import type { NodeProcess } from './node-process.ts'

export interface ProgramCommand {
  readonly command: string
  readonly args: readonly string[]
}

export interface PrepareOptions {
  readonly signal: AbortSignal
  /** A process that makes the data directory: it is to end with calbox, as nodes are. */
  readonly onSpawn: (process: NodeProcess) => void
  /** Its data was last used in a container, where it listens on all addresses. */
  readonly wasContained: boolean
}

export interface NodeProgram {
  /** Of the driver; nodes of another program are not this driver's. */
  readonly kind: 'process' | 'merod'
  readonly capabilities: DriverCapabilities
  /** UNSUPPORTED for what nodes of this program cannot do. */
  readonly refuseNeed?: (need: NodeNeed) => Promise<void>
  /** Where the node's own files are. */
  directoryOf(spec: Pick<NodeSpec, 'dataDir' | 'name'>): string
  /** On top of the environment of calbox, below that of the spec. */
  env(spec: NodeSpec): Readonly<Record<string, string>>
  /** Before it is spawned: its data directory, and its config as this start wants it. Resolved paths and ports. */
  prepare(spec: ResolvedSpec, options: PrepareOptions): Promise<void>
  runCommand(spec: ResolvedSpec): ProgramCommand
  execCommand(spec: NodeSpec, args: readonly string[]): ProgramCommand
  /** Where others dial it, once it was prepared. */
  swarmAddress(spec: ResolvedSpec): Promise<string>
  /** Others can dial it only by an id that it has once its data directory is made: `initialise` of the driver makes it. */
  readonly isDialledById: boolean
  meshed(node: RunningNode, log: NodeLog, options: StartOptions): Promise<void>
}

export function programEnv(program: NodeProgram, spec: NodeSpec): NodeJS.ProcessEnv {
  return { ...process.env, ...program.env(spec), ...spec.env }
}
