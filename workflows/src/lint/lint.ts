// The pure linter: a workflow file that can be planned -> what in it is likely to go wrong, each with its place and a fix.
import { type PlanRequest, planWorkflow } from '../plan/plan.ts'
import type { Plan } from '../plan/plan-types.ts'
import { type Problem, ProblemCollector, type Severity } from '../plan/problem.ts'
import { entryOf, type MapNode, type Span, startOf } from '../plan/yaml/source-node.ts'
import { readYaml } from '../plan/yaml/yaml-source.ts'
import { stepKind, stepSchemas } from '../steps/registry.ts'
import type { LintFinding } from './finding.ts'
import { orderFacts } from './order/walk.ts'
import { lintRules } from './registry.ts'
import type { Found, LintRule } from './rule.ts'
import { type LintStep, lineOf, lintSteps } from './source/lint-step.ts'
import type { LintSubject } from './source/lint-subject.ts'
import { suppresses, suppressionsOf } from './source/suppressions.ts'

export type LintRequest = Omit<PlanRequest, 'kinds'>

export interface LintResult {
  /** Empty: the file cannot be planned, and `problems` say why. More than one: of a matrix. */
  readonly plans: readonly Plan[]
  /** Errors of planning; nothing is linted then. Its warnings are those of `validate`. */
  readonly problems: readonly Problem[]
  /** Texts of the files that problems have their places in, by name. */
  readonly sources: ReadonlyMap<string, string>
  /** In the order of the file. */
  readonly findings: readonly LintFinding[]
}

/** From the least to the gravest. */
const SEVERITIES: readonly Severity[] = ['note', 'warning', 'error']

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least)
}

/** Never throws, whatever the text is. Of a file with a matrix every combination is looked at. */
export function lintWorkflow(request: LintRequest): LintResult {
  const { plans, problems, sources } = planWorkflow({ absentFiles: 'warning', ...request, kinds: stepSchemas })
  const { root } = readYaml(request.file, request.text)
  if (plans.length === 0 || root?.kind !== 'map') {
    return { plans: [], problems: problems.filter(({ severity }) => severity === 'error'), findings: [], sources }
  }
  const suppressions = suppressionsOf(request.text)
  const found = new Map<string, LintFinding>()
  for (const rule of lintRules) {
    for (const plan of plans) {
      const subject = subjectOf(request, plan, { root, problems, suppressions })
      for (const finding of findingsOf(rule, subject))
        found.set(`${finding.line}:${finding.column} ${finding.message}`, finding)
    }
  }
  const findings = [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column)
  return { plans, problems: [], findings, sources }
}

interface Source extends Pick<LintSubject, 'problems' | 'suppressions'> {
  readonly root: MapNode
}

function subjectOf(request: LintRequest, plan: Plan, source: Source): LintSubject {
  const steps = lintSteps(plan.steps, entryOf(source.root, 'steps')?.value, stepKind)
  const nodes = [...plan.nodes, ...plan.remoteNodes].map(({ name }) => name)
  const nodeNames = [...new Set([...nodes, ...(request.remoteNodeNames ?? [])])]
  let order: ReturnType<typeof orderFacts> | undefined
  return {
    plan,
    text: request.text,
    steps,
    all: steps.flatMap(withNested),
    problems: source.problems,
    nodeNames,
    suppressions: source.suppressions,
    order: () => {
      order ??= orderFacts(steps, plan.vars, nodeNames)
      return order
    },
  }
}

function withNested(step: LintStep): LintStep[] {
  return [step, ...step.branches.flat().flatMap(withNested)]
}

function findingsOf(rule: LintRule, subject: LintSubject): LintFinding[] {
  const positions = new ProblemCollector(subject.plan.file, subject.text)
  const findings: LintFinding[] = []
  rule.check(subject, (found) => {
    if (found.step !== undefined && found.step.node === undefined) return
    const finding = findingOf(rule, found, subject, positions)
    const stepLine = found.step === undefined ? undefined : lineOf(found.step)
    const by = subject.suppressions.find((each) => suppresses(each, finding, stepLine))
    if (by === undefined) findings.push(finding)
    else by.used.add(rule.id)
  })
  return findings
}

function findingOf(rule: LintRule, found: Found, subject: LintSubject, positions: ProblemCollector): LintFinding {
  const { step, message, hint, fix, severity = rule.severity } = found
  const span = found.span ?? (step?.node === undefined ? { start: 0, end: 1 } : startOf(step.node))
  return {
    rule: rule.id,
    code: 'lint',
    severity,
    file: subject.plan.file,
    ...placeOf(span, subject.text, positions),
    path: step?.planned.path ?? '',
    message,
    ...(hint !== undefined && { hint }),
    ...(fix !== undefined && { fix }),
  }
}

/** The first line of what is marked. */
function placeOf(
  span: Span,
  text: string,
  positions: ProblemCollector,
): { line: number; column: number; length: number } {
  const lineEnd = text.indexOf('\n', span.start)
  const end = Math.min(span.end, lineEnd < 0 ? text.length : lineEnd)
  return { ...positions.position(span.start), length: Math.max(1, end - span.start) }
}
