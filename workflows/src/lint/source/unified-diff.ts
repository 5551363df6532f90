// Two texts as a unified difference, as `diff -u` shows it. Myers' greedy algorithm over lines.
import { DIFFERENCE_MAX } from '../limits.ts'

interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

const CONTEXT_LINES = 3

/** Empty where both are the same. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return ''
  const lines = differences(before.split('\n'), after.split('\n'))
  return [`--- ${file}`, `+++ ${file}`, ...hunks(lines)].join('\n')
}

function hunks(lines: readonly Line[]): string[] {
  const shown: string[] = []
  const isNear = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1).some(({ sign }) => sign !== ' '),
  )
  let [oldLine, newLine] = [1, 1]
  for (let at = 0; at < lines.length; ) {
    const from = at
    while (at < lines.length && isNear[at] === isNear[from]) at += 1
    const hunk = lines.slice(from, at)
    const oldCount = hunk.filter(({ sign }) => sign !== '+').length
    const newCount = hunk.filter(({ sign }) => sign !== '-').length
    if (isNear[from] === true) {
      shown.push(`@@ -${oldLine},${oldCount} +${newLine},${newCount} @@`)
      shown.push(...hunk.map(({ sign, text }) => `${sign}${text}`))
    }
    oldLine += oldCount
    newLine += newCount
  }
  return shown
}

function differences(before: readonly string[], after: readonly string[]): Line[] {
  const trace = furthestPaths(before, after)
  if (trace === undefined) {
    const removed = before.map((text): Line => ({ sign: '-', text }))
    return [...removed, ...after.map((text): Line => ({ sign: '+', text }))]
  }
  const lines: Line[] = []
  let [x, y] = [before.length, after.length]
  for (let depth = trace.length - 1; depth >= 0; depth -= 1) {
    const paths = trace[depth] ?? new Map<number, number>()
    const diagonal = x - y
    const isDown = diagonal === -depth || (diagonal !== depth && at(paths, diagonal - 1) < at(paths, diagonal + 1))
    const fromX = depth === 0 ? 0 : isDown ? at(paths, diagonal + 1) : at(paths, diagonal - 1)
    const fromY = depth === 0 ? 0 : fromX - (isDown ? diagonal + 1 : diagonal - 1)
    while (x > fromX && y > fromY) {
      x -= 1
      y -= 1
      lines.push({ sign: ' ', text: before[x] ?? '' })
    }
    if (depth === 0) break
    if (isDown) lines.push({ sign: '+', text: after[fromY] ?? '' })
    else lines.push({ sign: '-', text: before[fromX] ?? '' })
    x = fromX
    y = fromY
  }
  return lines.reverse()
}

/** For each number of changes, how far each diagonal comes with one less. Undefined beyond the limit. */
function furthestPaths(before: readonly string[], after: readonly string[]): Map<number, number>[] | undefined {
  const reached = new Map<number, number>([[1, 0]])
  const trace: Map<number, number>[] = []
  for (let depth = 0; depth <= Math.min(DIFFERENCE_MAX, before.length + after.length); depth += 1) {
    trace.push(new Map(reached))
    for (let diagonal = -depth; diagonal <= depth; diagonal += 2) {
      const isDown =
        diagonal === -depth || (diagonal !== depth && at(reached, diagonal - 1) < at(reached, diagonal + 1))
      let x = isDown ? at(reached, diagonal + 1) : at(reached, diagonal - 1) + 1
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1
      reached.set(diagonal, x)
      if (x >= before.length && x - diagonal >= after.length) return trace
    }
  }
  return undefined
}

function at(paths: ReadonlyMap<number, number>, diagonal: number): number {
  return paths.get(diagonal) ?? -1
}
