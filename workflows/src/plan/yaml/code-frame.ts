// A problem as text: place, message, the lines around it with the spot marked, and what to do.

import { visibleText } from '../../values/visible-text.ts'
import type { Problem } from '../problem.ts'

const LINES_BEFORE = 1
const LINES_AFTER = 1
/** Longer lines are shown around the marked spot. */
const LINE_CHARACTERS_MAX = 140

/** Several lines without colour; the first is `file:line:column: error: message`. */
export function renderProblem(problem: Problem, text: string): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.severity}: ${problem.message}`
  const where = problem.path === '' ? [] : [`  ${placeInFile(problem.path)}`]
  const hint = problem.hint === undefined ? [] : [`  help: ${problem.hint}`]
  return [visibleText(head), ...renderFrame(problem, text), ...[...where, ...hint].map(visibleText)].join('\n')
}

export function renderProblems(problems: readonly Problem[], text: string): string {
  return problems.map((problem) => renderProblem(problem, text)).join('\n\n')
}

/** `steps[3].steps[0].args.key` is `in step 4 › step 1, at args.key`: numbers as a run shows them, from 1. */
function placeInFile(path: string): string {
  const parts: string[] = []
  // An included file may be the list of its steps itself.
  let rest = path.startsWith('[') ? `steps${path}` : path
  for (;;) {
    const next = /^(step|group)s\[(\d+)\]\.?/.exec(rest)
    if (next === null) break
    parts.push(`${next[1]} ${Number(next[2]) + 1}`)
    rest = rest.slice(next[0].length)
  }
  if (parts.length === 0) return `at ${path}`
  return `in ${parts.join(' › ')}${rest === '' ? '' : `, at ${rest}`}`
}

function renderFrame(problem: Problem, text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n')
  const marked = lines[problem.line - 1]
  if (marked === undefined || marked.trim() === '') return []
  const first = Math.max(1, problem.line - LINES_BEFORE)
  const last = Math.min(lines.length, problem.line + LINES_AFTER)
  const width = String(last).length
  const cut = problem.column > LINE_CHARACTERS_MAX ? problem.column - LINE_CHARACTERS_MAX / 2 : 0
  const frame: string[] = []
  for (let number = first; number <= last; number += 1) {
    const line = shownLine(lines[number - 1] ?? '', cut)
    frame.push(`${number === problem.line ? '>' : ' '} ${String(number).padStart(width)} | ${line}`.trimEnd())
    if (number !== problem.line) continue
    const length = Math.max(1, Math.min(problem.length, LINE_CHARACTERS_MAX))
    frame.push(`  ${' '.repeat(width)} | ${' '.repeat(problem.column - 1 - cut)}${'^'.repeat(length)}`)
  }
  return frame
}

/** Tabs become one space each, so that the marks below stand right. */
function shownLine(line: string, cut: number): string {
  return visibleText(line.slice(cut, cut + LINE_CHARACTERS_MAX).replace(/[\t\r]/g, ' '))
}
