// The public face of the engine: what `cli` may use. Named exports only. Planning has sub-paths of its own (./plan,
// ./problems, ./steps), so that reading a file does not load what running one takes.

// --- client ---
export { ClientError, type ClientErrorCode, type ClientErrorData } from './client/client-error.ts'
export { type AliasKind, type CallOptions, NodeClient } from './client/node-client.ts'
export { type EngineAddress, type EngineChoice, engineAddress } from './driver/docker/engine/engine-address.ts'
export { EngineClient } from './driver/docker/engine/engine-client.ts'
export { type BuiltImage, buildImage, type ImageRequest, writeImage } from './driver/docker/image/build-image.ts'
export { type DockerDriverOptions, openDockerDriver } from './driver/docker/open-docker-driver.ts'
export { openContainerScripts } from './driver/docker/scripts/container-scripts.ts'
export { openSwarmDriver, type SwarmDriverOptions } from './driver/docker/swarm/open-swarm-driver.ts'
export { sweepUsedEngines } from './driver/docker/used-engines.ts'
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
export { fileFault } from './driver/file-fault.ts'
export type { ImageScripts } from './driver/image-scripts.ts'
export {
  forgetElsewhere,
  type LocalNode,
  listLocalNodes,
  localNodeLog,
  type NodeStatus,
  stopLocalNode,
} from './driver/local-nodes.ts'
export { type IdentifiedProgram, identifyProgram } from './driver/merod/identify-program.ts'
export { type MerodDriverOptions, openMerodDriver } from './driver/merod/open-merod-driver.ts'
export {
  type NetworkEvent,
  type NetworkParts,
  type NetworkRequest,
  type NodeRequest,
  type RunningNetwork,
  startNetwork,
} from './driver/network.ts'
export { describeExit } from './driver/process/exit-cause.ts'
export { openProcessDriver, type ProcessDriverOptions } from './driver/process/open-process-driver.ts'
export { type HeldFile, holdFile } from './driver/state/exclusive-file.ts'
export {
  DEFAULT_PREFIX,
  findNodeData,
  type NodeData,
  type NodeDataQuery,
  removeNodeData,
} from './driver/state/node-data.ts'
export { type NodeRecord, NodeState, STATE_DIR } from './driver/state/node-state.ts'
export { type NukeOptions, nukeNodes } from './driver/state/nuke-nodes.ts'
// --- operate ---
export { OperatedNode, type OperatedNodeOptions } from './operate/operated-node.ts'
export { runStepAlone, type StepAlone } from './operate/run-step-alone.ts'
export { type EventTopics, watchEvents } from './operate/watch-events.ts'
// --- plan ---
export type { SeenFile, SeenModule } from './plan/check/application-file.ts'
export type { PlanRequest, PlanResult } from './plan/plan.ts'
export type { Plan, PlannedNode, PlannedRemoteNode, PlannedStep, PlanSettings, RemoteAuth } from './plan/plan-types.ts'
export type { Problem, ProblemCode, Severity } from './plan/problem.ts'
export type { SeenText } from './plan/read/included-files.ts'
// --- report ---
export type { FileReport, WholeReport } from './report/file-report.ts'
export { formatDuration } from './report/format-duration.ts'
export { githubAnnotations, withoutCommands } from './report/formats/github-report.ts'
export { githubSummary } from './report/formats/github-summary.ts'
export { jsonReport } from './report/formats/json-report.ts'
export { junitReport } from './report/formats/junit-report.ts'
export { type HistoryLines, historyLines } from './report/history-lines.ts'
export { type RunRecord, RunRecorder, type StepRecord } from './report/run-record.ts'
export { type FailureReportParts, failureReport } from './report/screen/failure-report.ts'
export { type Paint, plainPaint } from './report/screen/paint.ts'
export { timingLines } from './report/timing-lines.ts'
// --- run ---
export type {
  FailureInfo,
  NodeFacts,
  PlannedStepRef,
  RunEvent,
  RunListener,
  RunOutcome,
  StepOutcome,
  StepRef,
} from './run/events.ts'
export { type RunResult, runWorkflow, type WorkflowRunOptions, type WorkflowRunParts } from './run/run-workflow.ts'
// --- steps ---
export { type Credentials, logIn } from './steps/auth/log-in.ts'
export { stepKind, stepKinds, stepSchemas } from './steps/registry.ts'
export type { StepClock } from './steps/step-clock.ts'
export { StepError } from './steps/step-error.ts'
export type { NodeSession, StepKind, StepOutput, StepResult } from './steps/step-kind.ts'
// --- values ---
export { unwrapData } from './values/capture-outputs.ts'
export type { JsonObject, JsonValue } from './values/json/json-value.ts'
export { parseLosslessJson, stringifyLosslessJson } from './values/json/lossless-json.ts'
