// Folds the events of a run into one plain-JSON record: what `run.json` holds.
// Pure: no clock, no I/O. Every report that needs the whole run starts from this record.
import type {
  FailureInfo,
  PlannedStepRef,
  RunEvent,
  RunOutcome,
  SourcePlace,
  StepOutcome,
  StepRef,
  StepTiming,
} from '../run/events.ts'
import type { HistoryFindings } from '../run/history/findings.ts'
import { TimingTally } from '../run/timing-tally.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import { RECORDED_NOTES_MAX, RECORDED_OUTPUT_MAX_LINES, RECORDED_STEPS_MAX } from './limits.ts'
import { boundedMap, pushLast, RecordRoom } from './record-room.ts'

export interface StepRecord {
  readonly id: number
  readonly kind: string
  readonly name: string
  readonly index: number
  readonly place: SourcePlace
  readonly scope?: string
  readonly startedAtMs: number
  durationMs?: number
  outcome: StepOutcome | 'running'
  summary?: string
  /** Why it should be looked at, although it passed. */
  warning?: string
  payload?: JsonValue
  captured?: Readonly<Record<string, JsonValue>>
  notes?: string[]
  /** Those of the notes that should be looked at. */
  noteWarnings?: string[]
  /** Of what ran in it, several times or beside each other. */
  timings?: readonly StepTiming[]
  output?: string[]
  failure?: FailureInfo
  steps?: StepRecord[]
}

export interface NodeRecord {
  readonly name: string
  url?: string
  readyAfterMs?: number
  reused?: boolean
  exits?: { cause: string; expected: boolean; atMs: number }[]
}

export interface HistoryRecord extends HistoryFindings {
  /** All writes that nodes acknowledged. */
  readonly acknowledged: number
}

export interface RunRecord {
  readonly version: 1
  name: string
  file: string
  runDir: string
  startedAtMs: number
  durationMs?: number
  outcome: RunOutcome | 'running'
  exitCode?: number
  meshedAfterMs?: number
  /** What chance was drawn from, where the run chose it and a step used it. */
  seed?: string
  /** As the file has them: of the top level, and inside of others. */
  planned: { steps: number; nestedSteps: number }
  /** Of the top level, in order, reached or not. */
  plannedSteps: readonly PlannedStepRef[]
  /** As they were run: a step in a repeat counts once for each iteration. `notReached`: of the planned ones, never begun. */
  counts: {
    passed: number
    failed: number
    cancelled: number
    /** Their `if` did not hold. */
    skipped: number
    notReached: number
    notRecorded: number
    warnings: number
  }
  /** What the check after the last step looked at and found; absent where a step failed, for then there is none. */
  history?: HistoryRecord
  notes: string[]
  /** `node start`, then each kind of step as often as it passed, nested ones included. */
  timings: readonly StepTiming[]
  nodes: NodeRecord[]
  steps: StepRecord[]
  captured?: Readonly<Record<string, JsonValue>>
  nodesLeftRunning?: readonly string[]
  failure?: FailureInfo
}

export class RunRecorder {
  readonly record: RunRecord = {
    version: 1,
    name: '',
    file: '',
    runDir: '',
    startedAtMs: 0,
    outcome: 'running',
    planned: { steps: 0, nestedSteps: 0 },
    plannedSteps: [],
    counts: { passed: 0, failed: 0, cancelled: 0, skipped: 0, notReached: 0, notRecorded: 0, warnings: 0 },
    notes: [],
    timings: [],
    nodes: [],
    steps: [],
  }
  readonly #timings = new TimingTally()
  readonly #byId = new Map<number, StepRecord>()
  /** Paths of the steps of the file that have begun: no more than the file has. */
  readonly #reached = new Set<string>()
  readonly #room = new RecordRoom()

  /** A listener for the run's events. */
  readonly listen = (event: RunEvent): void => {
    switch (event.type) {
      case 'run:start':
        this.#start(event)
        return
      case 'note':
        pushLast(this.record.notes, [event.message], RECORDED_NOTES_MAX)
        return
      case 'node:ready':
        Object.assign(this.#node(event.node), { url: event.url, readyAfterMs: event.tookMs, reused: event.reused })
        if (!event.reused) this.#timings.add('node start', event.tookMs)
        return
      case 'node:exited': {
        const node = this.#node(event.node)
        node.exits ??= []
        pushLast(node.exits, [{ cause: event.cause, expected: event.expected, atMs: event.atMs }], RECORDED_NOTES_MAX)
        return
      }
      case 'network:meshed':
        this.record.meshedAfterMs = event.tookMs
        return
      case 'run:end':
        this.#end(event)
        return
      case 'phase':
      case 'node:starting':
      case 'step:progress':
        return
      case 'run:seed':
        this.record.seed = event.seed
        return
      case 'history': {
        const { type: _type, atMs: _atMs, ...history } = event
        this.record.history = history
        return
      }
      default:
        this.#step(event)
    }
  }

  #start(event: Extract<RunEvent, { type: 'run:start' }>): void {
    Object.assign(this.record, {
      name: event.name,
      file: event.file,
      runDir: event.runDir,
      startedAtMs: event.atMs,
      planned: { steps: event.steps, nestedSteps: event.nestedSteps },
      plannedSteps: event.plannedSteps,
      nodes: event.nodes.map((node) => ({ name: node.name })),
    })
  }

  #end(event: Extract<RunEvent, { type: 'run:end' }>): void {
    const { steps, nestedSteps } = this.record.planned
    this.record.counts.notReached = steps + nestedSteps - this.#reached.size
    Object.assign(this.record, {
      outcome: event.outcome,
      exitCode: event.exitCode,
      durationMs: event.durationMs,
      timings: this.#timings.timings(),
      captured: boundedMap(event.captured),
      nodesLeftRunning: event.nodesLeftRunning,
      ...(event.failure && { failure: event.failure }),
    })
  }

  #step(event: Extract<RunEvent, { type: 'step:start' | 'step:note' | 'step:output' | 'step:end' }>): void {
    if (event.type === 'step:start') {
      this.#reached.add(event.step.path)
      this.#stepStart(event.step, event.atMs)
      return
    }
    const step = this.#byId.get(event.step.stepId)
    if (event.type === 'step:end') {
      this.record.counts[event.outcome] += 1
      if (event.outcome === 'passed') this.#timings.add(event.step.kind, event.durationMs)
      if (event.warning !== undefined) this.record.counts.warnings += 1
      this.#byId.delete(event.step.stepId)
    }
    if (!step) return
    if (event.type === 'step:note') {
      if (!this.#room.takes(event.message.length)) return
      step.notes ??= []
      pushLast(step.notes, [event.message], RECORDED_NOTES_MAX)
      if (event.level !== 'warning') return
      step.noteWarnings ??= []
      pushLast(step.noteWarnings, [event.message], RECORDED_NOTES_MAX)
    } else if (event.type === 'step:output') {
      if (!this.#room.takes(event.text.length)) return
      step.output ??= []
      pushLast(step.output, event.text.split('\n'), RECORDED_OUTPUT_MAX_LINES)
    } else {
      step.outcome = event.outcome
      step.durationMs = event.durationMs
      if (event.summary !== undefined) step.summary = event.summary
      if (event.warning !== undefined) step.warning = event.warning
      if (event.payload !== undefined) step.payload = this.#room.value(event.payload)
      if (event.captured && Object.keys(event.captured).length > 0) {
        step.captured = this.#room.values(event.captured)
      }
      if (event.timings) step.timings = event.timings
      if (event.failure) step.failure = this.#room.failure(event.failure)
    }
  }

  #stepStart(ref: StepRef, atMs: number): void {
    const parent = ref.parentId === undefined ? undefined : this.#byId.get(ref.parentId)
    // Those of the top level are no more than the file has, and each of them is a case of a report.
    if (ref.parentId !== undefined && (ref.stepId > RECORDED_STEPS_MAX || !parent)) {
      this.record.counts.notRecorded += 1
      return
    }
    const step: StepRecord = {
      id: ref.stepId,
      kind: ref.kind,
      name: ref.name,
      index: ref.index,
      place: ref.place,
      ...(ref.scope !== undefined && { scope: ref.scope }),
      startedAtMs: atMs,
      outcome: 'running',
    }
    this.#byId.set(ref.stepId, step)
    if (!parent) this.record.steps.push(step)
    else {
      parent.steps ??= []
      parent.steps.push(step)
    }
  }

  #node(name: string): NodeRecord {
    const found = this.record.nodes.find((node) => node.name === name)
    if (found) return found
    const added: NodeRecord = { name }
    this.record.nodes.push(added)
    return added
  }
}
