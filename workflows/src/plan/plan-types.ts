// The result of planning: everything a run needs to know of the file, checked and in order.

import type { JsonObject, JsonValue } from '../values/json/json-value.ts'
import type { Position } from './problem.ts'

export interface Plan {
  readonly name: string
  readonly description?: string
  /** As given to planWorkflow. */
  readonly file: string
  readonly nodes: readonly PlannedNode[]
  readonly remoteNodes: readonly PlannedRemoteNode[]
  readonly settings: PlanSettings
  /** Where the keys of the top level and of nodes stand: `topology`, `nodes.base_port`, `nodes.n-1.port`. */
  readonly settingPositions: Readonly<Record<string, Position>>
  readonly steps: readonly PlannedStep[]
  /** Nested steps included. */
  readonly stepCount: number
  /** Set before the first step, in this order. */
  readonly vars: readonly PlannedVariable[]
  /** The combination that this plan is for, where the file has a matrix: axis → value. `name` ends with the label. */
  readonly matrix?: {
    readonly values: JsonObject
    readonly texts: Readonly<Record<string, string>>
    readonly label: string
  }
}

export interface PlannedVariable {
  readonly name: string
  /** Environment variables expanded; placeholders of earlier variables are not. */
  readonly value: JsonValue
  /** Something of it is from the environment: no report may show it. */
  readonly fromEnvironment: boolean
}

export interface PlannedNode {
  readonly name: string
  /** From 0, over all nodes of the plan. */
  readonly index: number
  /** Ports that the file fixes, counted up from the base ports. Absent: the default scheme of the driver. */
  readonly swarmPort?: number
  readonly rpcPort?: number
  readonly image?: string
  readonly dataDir?: string
  /** Relative to the workflow file. */
  readonly configPath?: string
  readonly useImageEntrypoint?: boolean
  readonly mockTee?: boolean
  readonly mdns?: boolean
  readonly networkAdmin?: boolean
  /** True for `count`; siblings of a restarted counted network are wired to each other by the original. */
  readonly counted: boolean
  readonly position: Position
}

export interface PlannedRemoteNode {
  readonly name: string
  /** Environment variables already expanded, here and in `auth`. */
  readonly url: string
  readonly auth: RemoteAuth
  readonly description?: string
  readonly position: Position
}

export type RemoteAuth =
  | { readonly method: 'none' }
  | { readonly method: 'api_key'; readonly apiKey: string }
  | { readonly method: 'password'; readonly username: string; readonly password: string }

export interface PlanSettings {
  readonly nukeOnStart: boolean
  readonly nukeOnEnd: boolean
  readonly stopAllNodes: boolean
  readonly restart: boolean
  /** Seconds until each node must be ready. */
  readonly waitTimeoutSec: number
  readonly forcePullImage: boolean
  readonly authService: boolean
  readonly authImage?: string
  readonly authUseCached: boolean
  readonly webuiUseCached: boolean
  readonly authMode?: string
  /** Of merod; absent: its driver's own. */
  readonly logLevel?: string
  readonly rustBacktrace?: string
  readonly e2eMode: boolean
  readonly bootstrapNodes?: readonly string[]
  readonly preserveDefaultBootstrap: boolean
  readonly topology?: PlannedTopology
  readonly noDocker: boolean
  readonly binaryPath?: string
  /** `nodes.prefix`, also where nothing is counted: what nuke goes by. */
  readonly nodePrefix: string
  /** Image for all nodes (`nodes.image`, else the top-level `image`). */
  readonly image?: string
}

export interface PlannedTopology {
  readonly type: 'nat' | 'bootstrap'
  readonly natMode?: 'cone' | 'symmetric'
  readonly bootNodeImage?: string
  readonly bootNodeKeypair?: string
}

export interface PlannedStep {
  /** From 0 among its siblings. */
  readonly index: number
  /** The kind's own name; `type` is what the file says, which may be an alias. */
  readonly kind: string
  readonly type: string
  /** The file's name for it, else its type. */
  readonly name: string
  readonly description?: string
  /** The kind's own fields, checked; lists of nested steps are in `branches` and here only as they were written. */
  readonly input: JsonObject
  readonly outputs?: JsonObject
  readonly expectedFailure: boolean
  readonly expectedError?: string
  readonly token?: string
  /** Why the step fails as soon as it is reached; it stands in the plan because the steps before it can be run. */
  readonly flaw?: string
  readonly position: Position
  /** Where the values of the step's keys begin, those in lists, and outputs: `statements[2]`, `outputs.v`. */
  readonly fieldPositions: Readonly<Record<string, Position>>
  /** The file it stands in, where that is an included one; else the file of the plan. */
  readonly file?: string
  /** `steps[4].groups[1].steps[0]`; unique within the plan, in included files below the step that includes them. */
  readonly path: string
  /** Absent for a step that has none of these keys. */
  readonly controls?: PlannedControls
  /** One for each list of nested steps, in the order of the file: repeat has one, parallel one a group. */
  readonly branches: readonly PlannedBranch[]
}

export interface PlannedBranch {
  /** Below the step's input: `['steps']`, `['groups', 1, 'steps']`. */
  readonly path: readonly (string | number)[]
  readonly steps: readonly PlannedStep[]
  /** Of an included file: values of variables that are not set. */
  readonly defaults?: JsonObject
}

/** Keys that any step may have, in the order in which they act, the outermost first. */
export interface PlannedControls {
  readonly forEach?: { readonly as: string; readonly in: JsonValue }
  /** Statements, all of which must hold. */
  readonly if?: boolean | readonly string[]
  readonly retry?: { readonly attempts: number; readonly delaySec: number; readonly backoff: number }
  /** Absent seconds are the default ones. */
  readonly eventually?: { readonly withinSec?: number; readonly everySec?: number }
  /** Of one try. */
  readonly timeoutSec?: number
  readonly vars?: JsonObject
  readonly after?: { readonly syncSec?: number }
  readonly expect?: JsonValue
}
