// Caps and periods of the drivers.
import { availableParallelism } from 'node:os'

/** Where nodes are put that name no ports: the ports merobox users know. */
export const DEFAULT_SWARM_PORT = 2428
export const DEFAULT_RPC_PORT = 2528

/** Searched for a free port when a default one is taken: below the range from which systems serve outgoing connections. */
export const FREE_PORTS = { from: 14_000, to: 30_000 } as const

/** Of a topology's boot node, where it is free: the one that tools for merod know. */
export const BOOT_NODE_PORT = 4001

/** Nodes of `topology: nat`: each has an address of one public segment. More are refused. */
export const NAT_NODES_MAX = 200

/** For one command that makes a part of a network namespace; it takes milliseconds. Then the topology fails. */
export const NAMESPACE_COMMAND_MS = 30_000

/** Ports looked at in one search; then PORT_BUSY. */
export const PORT_TRIES_MAX = 1_000

/** Ports named in the note that they are in use; the rest is counted. */
export const MOVED_SHOWN_MAX = 4

/** Boot addresses a node is given: enough to survive two of them being down, few enough for 50 nodes on two cores. */
export const BOOT_NODES_MAX = 3

/**
 * What Node.js is told where it runs a node: how large the part of its heap may grow, in MiB, that is copied at every look for what lives. V8 lets
 * it grow to 64, and a busy node then stands still for 20 to 50 ms at a time (`docs/decisions/0028-…`).
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=4']

/** Nodes that start at the same time. A starting node is one busy core; more at once only makes each of them slower. */
export const STARTS_AT_ONCE = availableParallelism() + 1

/** Until a node is healthy; for a network, until all are healthy, and then until all are meshed. */
export const READY_TIMEOUT_MS = 60_000

/** Between two probes of a starting node. Short, as a start takes a few hundred milliseconds and a probe a fraction of one. */
export const PROBE_FIRST_MS = 20
export const PROBE_MAX_MS = 50

/** For the addresses of `bootstrap_nodes`; whoever does not answer by then is not waited for. Dialling twice fits in it. */
export const BOOTSTRAP_PATIENCE_MS = 10_000

/** Addresses that are named where none answers; the rest is counted. */
export const SILENT_SHOWN_MAX = 5

/** Of what a node says why it is not ready; the rest is left out. */
export const PROBE_REASON_MAX_CHARS = 1_000

/** A network that waits for its mesh probes all its nodes at once: per node, so that 50 of them make 200 probes a second. */
export const MESH_PROBE_MS_PER_NODE = 5

/** One probe; a node that is too busy to answer is asked again. */
export const PROBE_TIMEOUT_MS = 2_000

/** For `init` of a node's program, which makes keys and files; one that takes longer hangs, and is killed. */
export const INIT_TIMEOUT_MS = 60_000

/** For a program to say what it is (`--version`, `--help`); one that takes longer is killed, and is no node. */
export const IDENTIFY_TIMEOUT_MS = 10_000

/** Of what it says then; a program that says more is killed, and is no node. */
export const IDENTIFY_OUTPUT_MAX_BYTES = 256 * 1024

/** A node's answer to how many peers it has; a longer one is no such answer. */
export const PEERS_REPLY_MAX_BYTES = 64 * 1024

/** Siblings a merod is told of, which does not look for the rest by itself as calnode does; those beyond tell it. */
export const WIRED_SIBLINGS_MAX = 64

/** After SIGTERM, before SIGKILL. */
export const STOP_GRACE_MS = 10_000

/** Between two looks at a process that is not our child. */
export const FOREIGN_EXIT_POLL_MS = 100

/** Between two looks whether SIGSTOP has taken effect; it usually has within a millisecond. */
export const PAUSE_POLL_MS = 20

/** Of an aborted program whose first process has ended: how often is looked whether the others have. */
export const GROUP_POLL_MS = 20

/** For SIGKILL or SIGSTOP to take effect; longer only where the kernel holds the process, which is reported. */
export const KILL_TIMEOUT_MS = 10_000

/** Log lines shown with a node that failed. */
export const LOG_TAIL_LINES = 20

/** Read from the end of a log for its last lines; a longer part of a log is not searched for more of them. */
export const LOG_TAIL_BYTES = 256 * 1024

/**
 * A log file that is longer is put aside as `<log>.1` (one older part is kept, and there are three while it is being copied): by
 * calnode itself while it lives, of any node when it starts.
 */
export const LOG_ROTATE_BYTES = 64 * 1024 * 1024

/** Looks at a log that is being put aside meanwhile, each time. A log of that many parts is written faster than it is read. */
export const LOG_LOOKS_MAX = 100

/** The most a log is read into memory as one text; beyond it the older part is left out. */
export const LOG_TEXT_MAX_BYTES = 128 * 1024 * 1024

/** Between two looks at a log that is followed. */
export const LOG_FOLLOW_MS = 100

/** A dead reaper is replaced this often in one run; then starting nodes fails. */
export const REAPER_RESTARTS_MAX = 3

/** Between two looks at a lock that somebody else is just taking over. */
export const TAKEOVER_POLL_MS = 2

/** Of what a command on a node's data writes; beyond it the command is killed. */
export const EXEC_OUTPUT_MAX_BYTES = 16 * 1024 * 1024

/** A reply of the container engine that is read as a whole; longer ones are an error. */
export const ENGINE_REPLY_MAX_BYTES = 64 * 1024 * 1024

/** For a container engine to say which it is; one that is there says so in milliseconds. */
export const ENGINE_CONNECT_MS = 10_000

/** For its answer to a request that waits for nothing: a second where it is busy. Then it counts as one that does not answer. */
export const ENGINE_REPLY_MS = 30_000

/** Until an engine is asked again that has broken off: it is being restarted, and its containers may live. */
export const ENGINE_RETRY_MS = 500

/** Names and ports tried for a container where the first one is taken meanwhile; then the start fails. */
export const CONTAINER_TRIES_MAX = 4

/** Between two looks at the task of a service that is about to start; a swarm takes seconds for it. */
export const TASK_LOOK_MAX_MS = 500

/** For nft and tc in the network of one container; they take milliseconds, the container around them less than a second. */
export const LINK_TOOLS_MS = 30_000
