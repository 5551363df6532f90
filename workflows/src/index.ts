// The public face of the engine: what `cli` may use. Named exports only.

// --- client ---
export { ClientError, type ClientErrorCode, type ClientErrorData } from './client/client-error.ts'
export { type CallOptions, NodeClient } from './client/node-client.ts'
// --- driver ---
export type {
  AdoptOptions,
  DriverCapabilities,
  DriverKind,
  ExitCause,
  NodeDriver,
  NodeLog,
  NodeSpec,
  RunningNode,
  StartOptions,
  StopOptions,
} from './driver/driver.ts'
export { DriverError, type DriverErrorCode, type ExitCode } from './driver/errors.ts'
export { describeExit } from './driver/exit-cause.ts'
export { type LocalNode, listLocalNodes, localNodeLog, type NodeStatus, stopLocalNode } from './driver/local-nodes.ts'
export {
  type NetworkEvent,
  type NetworkParts,
  type NetworkRequest,
  type NodeRequest,
  type RunningNetwork,
  startNetwork,
} from './driver/network.ts'
export { DEFAULT_PREFIX, findNodeData, type NodeData, type NodeDataQuery, removeNodeData } from './driver/node-data.ts'
export { type NodeRecord, NodeState, STATE_DIR } from './driver/node-state.ts'
export { type NukeOptions, nukeNodes } from './driver/nuke-nodes.ts'
export { openProcessDriver, type ProcessDriverOptions } from './driver/open-process-driver.ts'
