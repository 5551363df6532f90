// The pure reader of workflow files: text -> values with places -> shapes -> references -> Plan, with all problems.

import type { WorkflowSettings } from '@calbox/schemas'
import { durationSec } from '../values/duration.ts'
import { checkFiles, type LookAtFile } from './check/check-files.ts'
import { checkNodeNames, checkScripts } from './check/check-nodes.ts'
import { checkVariables } from './check/check-variables.ts'
import { checkSettings } from './check/refused-settings.ts'
import { describeNode } from './check/schema-view.ts'
import type { StepSchemaRegistry } from './check/step-schema.ts'
import type { Plan, PlanSettings } from './plan-types.ts'
import type { Position, Problem, ProblemCollector } from './problem.ts'
import type { Environment } from './read/expand-environment.ts'
import { IncludedFiles, type ReadIncluded } from './read/included-files.ts'
import { isPart, refusePart, withMeantKeys } from './read/misspelt-keys.ts'
import { type Combination, combinationText, combinationTexts, readMatrix, withCombination } from './read/read-matrix.ts'
import { type ReadNodes, readNodes } from './read/read-nodes.ts'
import { readRemoteNodes } from './read/read-remote-nodes.ts'
import { readSettings, topologyOf } from './read/read-settings.ts'
import { readSteps } from './read/read-steps.ts'
import { readVariables } from './read/read-variables.ts'
import { entryOf, type MapNode, type SourceNode, startOf, textOf } from './yaml/source-node.ts'
import { readYaml } from './yaml/yaml-source.ts'

export interface PlanRequest {
  /** Shown in problems; never opened. */
  readonly file: string
  readonly text: string
  readonly kinds: StepSchemaRegistry
  /** Asked for each file a step names, as it is written there (relative to the working directory; may start with ~). */
  readonly lookAtFile?: LookAtFile
  /** What a file is that is not there; a warning where nothing is going to be run. Default an error. */
  readonly absentFiles?: 'error' | 'warning'
  /** For files that steps include. Without it none can be. */
  readonly readIncluded?: ReadIncluded
  /** For `${VAR}` in remote_nodes and vars. */
  readonly environment?: Environment
  /** Nodes that the command line adds. */
  readonly remoteNodeNames?: readonly string[]
}

export interface PlanResult {
  /** Undefined when a problem is an error. With a matrix: of the first combination. */
  readonly plan?: Plan
  /** Of a file with a matrix one for each combination, else the one. Empty when a problem is an error. */
  readonly plans: readonly Plan[]
  /** In the order of the file; those of included files behind it. */
  readonly problems: readonly Problem[]
  /** Texts of the files that problems and steps have their places in, by name. */
  readonly sources: ReadonlyMap<string, string>
}

/** Never throws, whatever the text is. */
export function planWorkflow(request: PlanRequest): PlanResult {
  const sources = new Map([[request.file, request.text]])
  const { root, problems } = readYaml(request.file, request.text)
  const nothing = () => ({ plans: [], problems: problems.problems(), sources })
  if (root === undefined) return nothing()
  if (root.kind !== 'map') {
    const message = `a workflow must be a map, not ${describeNode(root)}`
    const part = root.kind === 'list' ? '; a list of steps is a part: validate a file that includes it' : ''
    const hint = `start with name:, nodes: and steps:${part}`
    problems.add({ code: 'file_not_a_map', span: startOf(root), path: [], message, hint })
    return nothing()
  }
  const meant = withMeantKeys(root, problems)
  const combinations = readMatrix(meant, problems)
  const plans: Plan[] = []
  const ofIncluded: Problem[] = []
  let isGood = true
  for (const combination of combinations ?? [undefined]) {
    const included = new IncludedFiles(request.readIncluded)
    const filled = combination === undefined ? meant : withCombination(meant, combination, problems)
    const plan = readWorkflow({ request, root: filled, problems, included, combination })
    if (plan !== undefined) plans.push(plan)
    isGood &&= plan !== undefined && !included.hasErrors
    ofIncluded.push(...included.problems())
    for (const [file, text] of included.sources()) sources.set(file, text)
  }
  const all = [...problems.problems(), ...withoutRepetitions(ofIncluded)]
  const [plan] = plans
  if (plan === undefined || !isGood || problems.hasErrors) return { plans: [], problems: all, sources }
  return { plan, plans, problems: all, sources }
}

/** The same file is read once for each combination of a matrix. */
function withoutRepetitions(problems: readonly Problem[]): Problem[] {
  const byText = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...byText.values()]
}

interface Reading {
  readonly request: PlanRequest
  readonly root: MapNode
  readonly problems: ProblemCollector
  readonly included: IncludedFiles
  readonly combination: Combination | undefined
}

function readWorkflow({ request, root, problems, included, combination }: Reading): Plan | undefined {
  const environment = request.environment ?? {}
  const extra = request.remoteNodeNames ?? []
  const hasNodes = extra.length > 0
  const isOnlyPart = !hasNodes && isPart(root)
  const settings = isOnlyPart ? refusePart(root, problems) : readSettings(root, problems)
  const nodes = readNodes(entryOf(root, 'nodes')?.value, problems)
  const remoteNodes = readRemoteNodes(entryOf(root, 'remote_nodes')?.value, problems, {
    environment,
    isUnsetUrlError: (name) => request.absentFiles !== 'warning' && !extra.includes(name),
  })
  const vars = readVariables(entryOf(root, 'vars')?.value, environment, problems)
  const steps = readSteps(entryOf(root, 'steps')?.value, request.kinds, { name: request.file, problems, included })
  if (!isOnlyPart) checkPresence(root, hasNodes, problems)
  noteImage(root, problems)
  refuseTwice(nodes, root, [...remoteNodes.map(({ name }) => name), ...extra], problems)
  const names = new Set([...nodes.nodes, ...remoteNodes].map((node) => node.name))
  for (const name of extra) names.add(name)
  // Without any, each name would be said to be unknown.
  const hasNone = names.size === 0
  if (nodes.known && !hasNone && !hasBrokenRemote(root, remoteNodes.length)) checkNodeNames(steps.source, names)
  checkScripts(steps.source, new Set([...remoteNodes.map(({ name }) => name), ...extra]))
  const { file, lookAtFile, absentFiles: absent } = request
  if (lookAtFile !== undefined) checkFiles(steps.source, { file, lookAtFile, absent })
  const axes = Object.keys(combination ?? {}).map((axis) => `matrix.${axis}`)
  checkVariables(steps.source, { nodes: names, axes, vars: entryOf(root, 'vars')?.value }, problems)
  if (settings === undefined) return undefined
  const planned = settingsOf(settings, nodes, root)
  checkSettings(planned, root, problems, absent === 'error')
  return {
    name: combination === undefined ? settings.name : `${settings.name} (${combinationText(combination)})`,
    ...(settings.description === undefined ? {} : { description: settings.description }),
    file: request.file,
    nodes: nodes.nodes,
    remoteNodes,
    settings: { ...planned, ...(combination !== undefined && OF_A_COMBINATION) },
    settingPositions: settingPositions(root, problems),
    steps: steps.steps,
    stepCount: steps.count,
    vars,
    ...(combination !== undefined && {
      matrix: { values: combination, texts: combinationTexts(combination), label: combinationText(combination) },
    }),
  }
}

/** One name stands for one node: steps could not say which they mean. */
function refuseTwice({ nodes }: ReadNodes, root: MapNode, remote: readonly string[], problems: ProblemCollector): void {
  for (const name of new Set(remote)) {
    if (!nodes.some((node) => node.name === name)) continue
    const ofFile = entriesOf(entryOf(root, 'remote_nodes')?.value).find(({ key }) => key === name)
    const span = ofFile?.keySpan ?? entryOf(root, 'nodes')?.keySpan ?? startOf(root)
    const path = ofFile === undefined ? ['nodes'] : ['remote_nodes', name]
    const message = `the remote node "${name}" has the name of a node that this file starts`
    problems.add({ code: 'duplicate_node', span, path, message, hint: 'give one of them another name' })
  }
}

/** Of nodes and their settings, too: `nodes.base_port`, `nodes.n-1.port`. */
function settingPositions(root: MapNode, problems: ProblemCollector): Plan['settingPositions'] {
  const below = (entries: MapNode['entries'], prefix: string): [string, Position][] =>
    entries.map(({ key, keySpan }) => [`${prefix}${key}`, problems.position(keySpan.start)])
  const nodes = entriesOf(entryOf(root, 'nodes')?.value)
  return Object.fromEntries([
    ...below(root.entries, ''),
    ...below(nodes, 'nodes.'),
    ...nodes.flatMap(({ key, value }) => below(entriesOf(value), `nodes.${key}.`)),
  ])
}

function entriesOf(node: SourceNode | undefined): MapNode['entries'] {
  return node?.kind === 'map' ? node.entries : []
}

/** The nodes of all combinations have the same names: each begins without their data, and leaves none running. */
const OF_A_COMBINATION = { nukeOnStart: true, stopAllNodes: true } as const

function hasBrokenRemote(root: MapNode, read: number): boolean {
  const remote = entryOf(root, 'remote_nodes')?.value
  return remote?.kind === 'map' && remote.entries.length !== read
}

function checkPresence(root: MapNode, hasExtraNodes: boolean, problems: ProblemCollector): void {
  const isNothing = (key: string): boolean => {
    const value = entryOf(root, key)?.value
    if (value === undefined) return true
    if (value.kind === 'list') return value.items.length === 0
    return value.kind === 'map' ? value.entries.length === 0 : value.value === null
  }
  const hasNone = isNothing('nodes') && isNothing('remote_nodes') && !hasExtraNodes
  if (hasNone) {
    const hint = 'write nodes: with count: 2 below it'
    const span = entryOf(root, 'nodes')?.keySpan ?? startOf(root)
    problems.add({
      code: 'missing_field',
      span,
      path: [],
      message: 'the file has neither "nodes" nor "remote_nodes"',
      hint,
    })
  }
  if (isNothing('steps')) {
    const span = entryOf(root, 'steps')?.keySpan ?? startOf(root)
    const message = `the file has no steps${hasNone ? '' : ': the nodes are started, and nothing is done'}`
    problems.add({ severity: 'warning', code: 'missing_field', span, path: ['steps'], message })
  }
}

/** Images matter only to drivers that run containers; one note says so, however many there are. */
function noteImage(root: MapNode, problems: ProblemCollector): void {
  const nodes = entryOf(root, 'nodes')?.value
  const inside = nodes?.kind === 'map' ? nodes.entries : []
  const named = inside.flatMap((entry) => (entry.value.kind === 'map' ? entry.value.entries : []))
  const image = [...root.entries, ...inside, ...named].find(
    (entry) => entry.key === 'image' && textOf(entry.value) !== undefined,
  )
  if (image === undefined) return
  const message = `the image ${textOf(image.value)} is noted; the nodes of this program are run unless its use is asked for`
  problems.add({ severity: 'note', code: 'image_noted', span: image.keySpan, path: [], message })
}

function settingsOf(settings: WorkflowSettings, nodes: ReadNodes, root: MapNode): PlanSettings {
  const image = nodes.image ?? textOf(entryOf(root, 'image')?.value)
  const topology = topologyOf(settings)
  return {
    nukeOnStart: settings.nuke_on_start ?? false,
    nukeOnEnd: settings.nuke_on_end ?? false,
    stopAllNodes: settings.stop_all_nodes ?? false,
    restart: settings.restart ?? false,
    waitTimeoutSec: durationSec(settings.wait_timeout ?? 60),
    forcePullImage: settings.force_pull_image ?? false,
    authService: settings.auth_service ?? false,
    authUseCached: settings.auth_use_cached ?? false,
    webuiUseCached: settings.webui_use_cached ?? false,
    e2eMode: settings.e2e_mode ?? false,
    preserveDefaultBootstrap: settings.preserve_default_bootstrap ?? false,
    noDocker: settings.no_docker ?? false,
    nodePrefix: nodes.prefix,
    ...(settings.log_level === undefined ? {} : { logLevel: settings.log_level }),
    ...(settings.rust_backtrace === undefined ? {} : { rustBacktrace: settings.rust_backtrace }),
    ...(settings.auth_image === undefined ? {} : { authImage: settings.auth_image }),
    ...(settings.auth_mode === undefined ? {} : { authMode: settings.auth_mode }),
    ...(settings.bootstrap_nodes === undefined ? {} : { bootstrapNodes: settings.bootstrap_nodes }),
    ...(topology === undefined ? {} : { topology }),
    ...(settings.binary_path === undefined ? {} : { binaryPath: settings.binary_path }),
    ...(image === undefined ? {} : { image }),
  }
}
