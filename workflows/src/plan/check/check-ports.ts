// Ports that the file fixes: each must be one, and no two nodes can listen on the same.

import type { ProblemCollector } from '../problem.ts'
import type { Span, ValuePath } from '../yaml/source-node.ts'

export interface PortClaim {
  readonly node: string
  readonly what: 'swarm' | 'HTTP'
  readonly port: number
  /** Of the value that gives it, alone or counted up. */
  readonly span: Span
  readonly path: ValuePath
}

const PORT_MAX = 65_535

/** In the order of the nodes. Two values that clash are named once, however many nodes get their ports from them. */
export function checkPorts(claims: readonly PortClaim[], problems: ProblemCollector): void {
  const byPort = new Map<number, PortClaim>()
  const said = new Set<string>()
  for (const claim of claims) {
    const { node, what, port, span, path } = claim
    const before = byPort.get(port)
    const pair = `${span.start} ${port > PORT_MAX ? 'range' : before?.span.start}`
    if (before === undefined && port <= PORT_MAX) byPort.set(port, claim)
    else if (!said.has(pair)) {
      said.add(pair)
      const message = `the ${what} port of ${node} is ${port}, ${before === undefined || port > PORT_MAX ? `and the last port is ${PORT_MAX}` : takenBy(before, problems)}`
      const hint = 'write other numbers, or none: then free ports are found'
      problems.add({ code: 'wrong_value', span, path, message, hint })
    }
  }
}

function takenBy({ node, what, span, path }: PortClaim, problems: ProblemCollector): string {
  const { line, column } = problems.position(span.start)
  return `which is the ${what} port of ${node} already (${path.join('.')}, ${line}:${column})`
}
