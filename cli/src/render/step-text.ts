// One line for a step, and the small texts around it. Pure.
import type { StepOutcome, StepRef } from '@calbox/workflows'
import { visibleText } from '@calbox/workflows/visible-text'
import type { Style } from './style.ts'

export interface StepLine {
  readonly step: StepRef
  readonly outcome: StepOutcome
  readonly duration: string
  readonly summary?: string | undefined
  readonly warning?: string | undefined
}

export function stepLine(line: StepLine, style: Style): string {
  const { step, outcome } = line
  const indent = '  '.repeat(step.depth)
  const number = style.faint(`${String(step.index).padStart(String(step.of).length)}/${step.of}`)
  const scope = step.scope === undefined ? '' : style.faint(`  ${oneLine(step.scope)}`)
  const kind = step.name === step.kind ? '' : style.faint(`  ${step.kind}`)
  const summary = line.summary === undefined ? '' : `  ${oneLine(line.summary)}`
  const warning = line.warning === undefined ? '' : style.warn(`  warning: ${oneLine(line.warning)}`)
  const shown = line.warning === undefined ? sign(outcome, style) : style.warn(style.warning)
  return `${indent}${shown} ${number} ${visibleText(step.name)}${kind}${scope}${style.faint(`  ${line.duration}`)}${style.faint(summary)}${warning}`
}

function sign(outcome: StepOutcome, style: Style): string {
  if (outcome === 'passed') return style.good(style.passed)
  if (outcome === 'skipped') return style.faint(style.cancelled)
  return outcome === 'failed' ? style.bad(style.failed) : style.warn(style.cancelled)
}

export function oneLine(text: string): string {
  return visibleText(text.replaceAll(/\s*\n\s*/g, ' · '))
}

/** Cut to the width of the terminal, control sequences not counted: only for text without colours. */
export function fit(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`
}
