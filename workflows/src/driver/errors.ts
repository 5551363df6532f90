// What goes wrong with nodes and their environment, each with the exit code calbox ends with.

export type DriverErrorCode =
  | 'PORT_BUSY' // an asked-for port is taken
  | 'NODE_EXITED' // ended before it was ready; data: { node, cause, summary, logTail }; summary is the message without the log
  | 'START_TIMEOUT' // alive but not healthy in time; data: { node, summary, logTail }
  | 'MESH_TIMEOUT' // healthy, but without its peers
  | 'NODE_RUNNING' // already running under this name
  | 'NODE_IN_USE' // belongs to a run that is still going
  | 'NODE_STOPPED' // what was asked needs a running node
  | 'NODE_UNKNOWN'
  | 'NODE_NAME' // no name that a folder can have; data: { node }
  | 'NETWORK_MIXED' // adopted nodes belong to different networks
  | 'NODE_STUCK' // survives SIGKILL: the kernel holds it
  | 'SPAWN_FAILED'
  | 'PROGRAM_UNUSABLE' // what shall run as a node is no node program, or none that can be driven; data: { program }
  | 'STATE_UNUSABLE' // .calbox cannot be read or written
  | 'FILE_UNUSABLE' // a file or folder cannot be read or written; data: { path, reason }
  | 'TOPOLOGY_UNAVAILABLE' // a topology needs what this machine does not have; data: { missing }
  | 'UNSUPPORTED' // this driver cannot do that
  | 'ENGINE_UNREACHABLE' // no container engine answers; data: { engine }
  | 'ENGINE_FAILED' // it answers, and refuses; data: { status, reason }
  | 'IMAGE_UNUSABLE' // the image of a node cannot be built, pulled or run

/** 1 failed, 2 usage, 3 environment, 4 timeout. */
export type ExitCode = 1 | 2 | 3 | 4

const EXIT_CODES: Readonly<Record<DriverErrorCode, ExitCode>> = {
  PORT_BUSY: 3,
  NODE_EXITED: 3,
  START_TIMEOUT: 4,
  MESH_TIMEOUT: 4,
  NODE_RUNNING: 3,
  NODE_IN_USE: 3,
  NODE_STOPPED: 1,
  NODE_UNKNOWN: 2,
  NODE_NAME: 2,
  NETWORK_MIXED: 3,
  NODE_STUCK: 3,
  SPAWN_FAILED: 3,
  PROGRAM_UNUSABLE: 3,
  STATE_UNUSABLE: 3,
  FILE_UNUSABLE: 3,
  TOPOLOGY_UNAVAILABLE: 3,
  UNSUPPORTED: 3,
  ENGINE_UNREACHABLE: 3,
  ENGINE_FAILED: 3,
  IMAGE_UNUSABLE: 3,
}

export class DriverError extends Error {
  readonly code: DriverErrorCode
  readonly exitCode: ExitCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(
    code: DriverErrorCode,
    message: string,
    options: { data?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'DriverError'
    this.code = code
    this.exitCode = EXIT_CODES[code]
    this.data = options.data ?? {}
  }
}
