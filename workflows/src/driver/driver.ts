// The driver port: how nodes are started, stopped, paused and killed. Steps and the runner know nodes only through it.
// An implementation knows one way to run a node and nothing of workflows, steps or HTTP beyond the health routes.

import type { KernelLinks } from './kernel-links.ts'
import type { ProcessGuard } from './process/program-group.ts'

export type DriverKind = 'process' | 'docker' | 'swarm' | 'merod' | 'remote'

/** What a driver can do with its nodes. A step that needs what is missing fails; it is never skipped. */
export interface DriverCapabilities {
  /** start, stop, kill, restart with the same data. */
  readonly lifecycle: boolean
  readonly pause: boolean
  readonly logs: boolean
  /** The node's files are on this machine's disk: `install-dev-application` may be given host paths. */
  readonly hostFiles: boolean
  /** Its data is on another machine: steps find none of it here. */
  readonly farData?: boolean
  /** Its nodes were started so that faults may be put on their connections. */
  readonly linkFaults: boolean
  /** It runs the image that a spec names; another one has an image of its own, or none. */
  readonly images?: boolean
}

export interface NodeSpec {
  readonly name: string
  /** Explicit: busy is an error. Absent: the driver's default, or a free one. */
  readonly rpcPort?: number
  readonly swarmPort?: number
  /** The node's home. Its own files are in `<dataDir>/<name>/` (config.toml, data/, blobs/). */
  readonly dataDir: string
  readonly logFile: string
  /** Swarm addresses of nodes of the same run; peer ids are not needed. */
  readonly bootstrap: readonly string[]
  /** Private network id: nodes with different ids never talk to each other. */
  readonly runId: string
  /** Names the network for people (`calbox ps`); default the run id. */
  readonly network?: string
  readonly mdns: boolean
  /** More command line arguments, appended as they are. */
  readonly args?: readonly string[]
  /** On top of the environment of calbox. */
  readonly env?: Readonly<Record<string, string>>
  readonly authMode?: string
  readonly e2eMode?: boolean
  /** That are on from its first moment, as its fault route takes them. */
  readonly faults?: readonly Readonly<Record<string, unknown>>[]
  readonly image?: NodeImage
  /** Boot nodes the workflow file asks for, besides `bootstrap`. */
  readonly bootstrapNodes?: readonly string[]
  /** Besides these, those that the program has by itself. Default: none of them, so that no run meets strangers. */
  readonly preserveDefaultBootstrap?: boolean
  /** In a topology: for as long as that lasts, so it is not on record, and such a node never outlives its run. */
  readonly placement?: NodePlacement
}

/** Where a node of a topology is, and through whom it finds the others. */
export interface NodePlacement {
  /** Boot nodes, with their ids. */
  readonly relayNodes: readonly string[]
  /** The network namespace of this process, and where the node listens in it. Absent: with all the others. */
  readonly namespace?: { readonly pid: number; readonly swarmListen: string }
  /** Of containers: the one whose network it has. Its HTTP port is published there. */
  readonly container?: string
}

export interface NodeImage {
  readonly name: string
  /** Ask the registry also where the engine has it. */
  readonly pull: boolean
}

/** What a file asks of the place where its nodes run, or of their program. */
export interface NodeNeed {
  readonly what: 'pause' | 'kill' | 'files' | 'exec' | 'e2e' | 'faults'
  /** In the words of the file. */
  readonly said: string
}

/** How a node's process ended. Exactly one of code and signal is set; neither = it was not our child, cause unknown. */
export interface ExitCause {
  readonly code?: number
  readonly signal?: NodeJS.Signals
  /** The system took it because the memory it may have was used up. */
  readonly outOfMemory?: true
}

export interface RunningNode {
  readonly name: string
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string
  /** `/ip4/127.0.0.1/tcp/PORT`; where nodes have a network of their own, as they reach each other in it. */
  readonly swarmAddress: string
  readonly pid?: number
  /** On this machine, its own files (config.toml, data/); default `<dataDir>/<name>`. */
  readonly directory?: string
  /** What it was started with, ports filled in: `driver.start(node.spec, …)` after a stop is a restart. */
  readonly spec: NodeSpec
  /** It was running before this run and was taken over with its data. */
  readonly adopted: boolean
  /** Never rejects. */
  readonly exited: Promise<ExitCause>
}

export interface PiecesOptions {
  /** So many bytes come next that are not kept any more. */
  readonly onGone?: ((bytes: number) => void) | undefined
}

export interface NodeLog {
  /** The file on this machine, where there is one. */
  readonly path?: string
  /**
   * Everything the node wrote since this run first started or adopted it, restarts included. Of a long log only the end is
   * kept: where that does not reach as far back, the first line says so.
   */
  text(): Promise<string>
  /** The same however long it is, piece by piece; a piece ends with a line, unless that is longer than LOG_TAIL_BYTES. */
  pieces(options?: PiecesOptions): AsyncIterable<string>
  /** The last lines, oldest first, of an adopted one also of earlier runs; of the part before `upTo`, where that is given. */
  tail(lines: number, upTo?: number): Promise<string[]>
  /** Where it ends now: `tail(n, end)` and `follow({ from: end })` together show every line once. */
  end(): Promise<number>
  /** Lines from there on (default: the end, when the first one is asked for), until the node has ended; an abort ends it quietly. */
  follow(options: { readonly signal: AbortSignal; readonly from?: number }): AsyncIterable<string>
}

export interface StopOptions {
  /** How long after the polite signal the node is killed. */
  readonly graceMs?: number
  /** An abort ends the grace at once; the stop itself goes on. */
  readonly signal?: AbortSignal
}

export interface StartOptions {
  readonly signal: AbortSignal
  /** Until it is healthy. */
  readonly readyTimeoutMs?: number | undefined
  /** Longest pause between two looks; for callers that wait for many nodes at once. */
  readonly pollMs?: number | undefined
}

export interface AdoptOptions {
  readonly signal: AbortSignal
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly args?: readonly string[] | undefined
}

export interface NetworkChange {
  readonly network: string
  /** False: it was so already. */
  readonly changed: boolean
}

interface AbortOptions {
  readonly signal: AbortSignal
}

export interface NodeDriver {
  readonly kind: DriverKind
  readonly capabilities: DriverCapabilities
  /**
   * Resolves when the node answers its health route; a node that is already running under this name and data
   * directory is a DriverError NODE_RUNNING: adopt it. On failure or abort nothing is left running.
   */
  start(spec: NodeSpec, options: StartOptions): Promise<RunningNode>
  /**
   * Takes over a live node of an earlier run; undefined when there is none under this name. NODE_IN_USE when that run is
   * still going. The environment of the old start is not known any more: `env` is what a restart shall have.
   */
  adopt(name: string, options: AdoptOptions): Promise<RunningNode | undefined>
  /** SIGTERM, grace, SIGKILL. Works on paused nodes. Data stays. Resolves with the cause, also when long ended. */
  stop(node: RunningNode, options?: StopOptions): Promise<ExitCause>
  /** Resolves when the node reports that it has reached its peers. */
  meshed(node: RunningNode, options: StartOptions): Promise<void>
  /** At once, as `kill -9` would. */
  kill(node: RunningNode): Promise<ExitCause>
  /** Resolves when it holds still; rejects where it cannot be made to. */
  pause(node: RunningNode, options?: { readonly signal?: AbortSignal }): Promise<void>
  resume(node: RunningNode, options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Only where a node is dialled by an id that its first `init` gives it: makes its data directory, where that is not
   * there, and resolves with the address that its siblings are to be told. As failures go, like `start`.
   */
  initialise?(spec: NodeSpec, options: { readonly signal: AbortSignal }): Promise<string>
  /** That something holds this node still, and what lets it go on; undefined while nothing does. */
  pausedBy?(node: RunningNode): string | undefined
  /** Where nodes have a network of their own: a node's address in it, known before it starts. */
  swarmAddressOf?(name: string): string
  /** Where the node does not see the files of this machine: makes it see this one, and gives its path there. */
  placeFile?(node: RunningNode, file: string): Promise<string>
  /**
   * Where an engine has networks besides that of the run: takes the node off this one, or puts it on it; without a name the
   * driver chooses. A node that has ended starts so. Undefined where the engine has none that could be meant.
   */
  leaveNetwork?(
    node: RunningNode,
    network: string | undefined,
    options: AbortOptions,
  ): Promise<NetworkChange | undefined>
  joinNetwork?(
    node: RunningNode,
    network: string | undefined,
    options: AbortOptions,
  ): Promise<NetworkChange | undefined>
  logs(node: RunningNode): NodeLog
  /** Before anything starts: UNSUPPORTED where nodes may come to be where this (as a step says it) cannot be done. */
  readonly refuseNeed?: ((need: NodeNeed) => Promise<void>) | undefined
  /** Where faults of connections are to be made by the system beneath the nodes, as far as it can. */
  readonly kernelLinks?: KernelLinks | undefined
  /** Runs the node's program once on the data of this node, with these arguments. An abort or the time limit kills it. */
  exec?(
    spec: NodeSpec,
    args: readonly string[],
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>
  /** Ends with calbox what steps start beside the nodes. */
  readonly guard?: ProcessGuard | undefined
  /** This node survives `close()` and the end of calbox. */
  keep(node: RunningNode): Promise<void>
  /** Stops every node that was started or adopted and not kept, then releases the reaper. Idempotent. */
  close(options?: { graceMs?: number }): Promise<void>
}
