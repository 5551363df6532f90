// Errors as FailureInfo: what went wrong, where, on which node, and what that node was doing.
import { ClientError } from '../client/client-error.ts'
import { DriverError } from '../driver/errors.ts'
import { fileFault } from '../driver/file-fault.ts'
import type { PlannedStep } from '../plan/plan-types.ts'
import { StepError } from '../steps/step-error.ts'
import { ValuesError } from '../values/values-error.ts'
import type { FailureInfo, SourcePlace } from './events.ts'
import { FAILURE_LOG_LINES } from './limits.ts'
import { isExitCause, nodeEndHelp } from './nodes/node-end-help.ts'
import type { RunNodes } from './nodes/run-nodes.ts'
import { RunRefusedError, StepAbortError, StepFailedError } from './run-errors.ts'

export interface Described {
  readonly failure: FailureInfo
  readonly exitCode: number
}

/** 1 failed, 2 usage, 3 environment, 4 timeout. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StepFailedError || error instanceof StepAbortError) return error.exitCode
  if (error instanceof DriverError || error instanceof RunRefusedError) return error.exitCode
  if (!(error instanceof StepError)) return 1
  if (error.code === 'timeout') return 4
  return error.code === 'unsupported' ? 3 : 1
}

/** Of a step; the caller adds the path of steps above it. */
export async function describeFailure(
  error: unknown,
  step: {
    name: string
    scope?: string
    place: SourcePlace
    fields: PlannedStep['fieldPositions']
    /** It is sent instead of that of a login. */
    token?: string | undefined
    /** A placeholder in it that was passed on as text: what it was sent is probably why. */
    unset?: { readonly field?: string; readonly help: string }
  },
  nodes: RunNodes | undefined,
): Promise<Described> {
  if (error instanceof StepFailedError) return { failure: nested(error.failure, step), exitCode: error.exitCode }
  const inner = error instanceof StepError && error.cause instanceof StepFailedError ? error.cause : undefined
  if (inner) {
    const failure = nested(inner.failure, step)
    const failures = beside(error, step)
    const message = messageOf(error)
    return { failure: { ...failure, message, ...(failures.length > 1 && { failures }) }, exitCode: inner.exitCode }
  }
  const described = await describeError(error, nodes)
  const ownHelp = tokenHelp(error, step.token) ?? described.failure.help
  const place = { ...step.place, ...step.fields[fieldOf(error) ?? step.unset?.field ?? ''] }
  const help = [ownHelp, step.unset?.help].filter((each) => each !== undefined).join('; ')
  const failure = { ...described.failure, place, steps: stepPath(step), ...(help !== '' && { help }) }
  return { failure, exitCode: described.exitCode }
}

function fieldOf(error: unknown): string | undefined {
  if (error instanceof StepError) return error.field
  return error instanceof ValuesError && error.code === 'capture_missing' ? `outputs.${error.data.variable}` : undefined
}

/** Of anything that is not inside a step: starting, stopping. */
export async function describeError(thrown: unknown, nodes: RunNodes | undefined): Promise<Described> {
  const error = fileFault(thrown) ?? thrown
  const node = nodeOf(error, nodes)
  const exit = node === undefined ? undefined : nodes?.exitOf(node)
  const logTail = ownLogTail(error) ?? (node === undefined ? [] : await nodes?.logTail(node, FAILURE_LOG_LINES))
  const help = helpOf(error)
  const failure: FailureInfo = {
    code: codeOf(error),
    message: `${messageOf(error)}${pausedNote(error, node, nodes)}`,
    ...(help !== undefined && { help }),
    ...(error instanceof RunRefusedError && error.place && { place: error.place }),
    ...(node !== undefined && { node }),
    ...(exit !== undefined && { nodeExit: exit }),
    ...(logTail && logTail.length > 0 && { logTail }),
    ...faultsOn(nodes),
    ...(error instanceof StepError && error.perNode && { perNode: error.perNode }),
    ...(error instanceof StepError && error.comparisons && { comparisons: error.comparisons }),
  }
  return { failure, exitCode: exitCodeOf(error) }
}

/** Whatever failed: it may be why, and whoever reads the failure does not see the steps before it. */
function faultsOn(nodes: RunNodes | undefined): Pick<FailureInfo, 'faultsOn'> {
  const faults = nodes?.faultsOn() ?? []
  if (faults.length === 0) return {}
  return { faultsOn: faults.map(({ what, nodes: ends, place }) => ({ what, nodes: ends, ...(place && { place }) })) }
}

/** Said only of an answer that did not come: a pause explains nothing else. */
function pausedNote(error: unknown, node: string | undefined, nodes: RunNodes | undefined): string {
  if (!(error instanceof ClientError && error.code === 'TIMEOUT') || node === undefined) return ''
  const how = nodes?.pausedBy(node)
  return how === undefined ? '' : `\nnode ${node} is paused (${how})`
}

type Named = { readonly name: string; readonly scope?: string }

function nested(failure: FailureInfo, step: Named): FailureInfo {
  const failures = failure.failures?.map((each) => nested(each, step))
  return { ...failure, steps: [...stepPath(step), ...(failure.steps ?? [])], ...(failures && { failures }) }
}

/** Which iteration or group it was stands before the step. */
function stepPath({ name, scope }: Named): string[] {
  return scope === undefined ? [name] : [scope, name]
}

/** What failed inside, one entry a step; a failure that is several ones itself counts as these. */
function beside(error: unknown, step: Named): FailureInfo[] {
  if (!(error instanceof StepError)) return []
  return error.failures.flatMap((each) => {
    if (!(each instanceof StepFailedError)) return []
    const { failures, ...one } = each.failure
    return (failures ?? [one]).map((failure) => nested(failure, step))
  })
}

/** Drivers bring the log of a node that never became part of the run. */
function ownLogTail(error: unknown): readonly string[] | undefined {
  if (!(error instanceof DriverError) || !Array.isArray(error.data.logTail)) return undefined
  return error.data.logTail.map(String)
}

const LATE_HELP = 'wait_timeout: gives the nodes more seconds; its log says what it was doing'
const SILENT_HELP = 'nodes know addresses from each other and from bootstrap_nodes: see who should listen there'

function helpOf(error: unknown): string | undefined {
  if (error instanceof ClientError) return loginHelp(error)
  if (error instanceof StepError || error instanceof StepAbortError) return error.help
  if (!(error instanceof DriverError)) return undefined
  if (error.code === 'NODE_EXITED' && isExitCause(error.data.cause)) return nodeEndHelp(error.data.cause)
  if (error.code === 'MESH_TIMEOUT' && error.data.silent !== undefined) return `${SILENT_HELP}; ${LATE_HELP}`
  const isLate = error.code === 'START_TIMEOUT' || error.code === 'MESH_TIMEOUT'
  return isLate ? LATE_HELP : undefined
}

/** A login changes nothing where the step sends a token of its own. */
function tokenHelp(error: unknown, token: string | undefined): string | undefined {
  if (token === undefined || !(error instanceof ClientError) || error.data.status !== 401) return undefined
  return 'the node does not take the token that the step gives: give another one, or leave it out and log in before'
}

/** Of a node that asks who is calling. */
function loginHelp({ data }: ClientError): string | undefined {
  if (data.status !== 401) return undefined
  if (data.url.endsWith('/auth/token')) return 'check the name and password'
  return 'log in: a step of type login before this one, or --auth-username and --auth-password; on a remote node its auth, or --remote-auth'
}

function nodeOf(error: unknown, nodes: RunNodes | undefined): string | undefined {
  if (error instanceof StepError || error instanceof StepAbortError) return error.node
  if (error instanceof ClientError) return nodes?.nameOfUrl(error.data.url)
  if (error instanceof DriverError && typeof error.data.node === 'string') return error.data.node
  return undefined
}

function codeOf(error: unknown): string {
  if (error instanceof ClientError) return `client_${error.code.toLowerCase()}`
  if (error instanceof DriverError) return `driver_${error.code.toLowerCase()}`
  if (error instanceof StepError || error instanceof StepAbortError || error instanceof ValuesError) return error.code
  return error instanceof RunRefusedError ? error.code : 'defect'
}

/** What is none of our errors is a defect of calbox: its stack is the only trace of it. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // The log lines have a place of their own.
  if (error instanceof DriverError && typeof error.data.summary === 'string') return error.data.summary
  return codeOf(error) === 'defect' ? `a defect of calbox: ${error.stack ?? error.message}` : error.message
}
