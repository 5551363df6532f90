// What a member shows is what the others see, and nobody sees what was never shown.
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const presence: Checker = {
  name: 'presence',
  check({ nodes, history, scenario }) {
    const found: string[] = []
    // Of a clock that is far from the others' nothing is taken; one that was set back has numbers of before.
    const skewed = new Set(scenario.faults.flatMap((fault) => (fault.kind === 'skew' ? [fault.node] : [])))
    const right = nodes.filter(({ name }) => !skewed.has(name))
    for (const { name, publicKey, presences, shows } of right) {
      for (const other of right) {
        const seen = other.presences.get(publicKey)
        if (shows !== undefined && seen !== shows)
          found.push(`${other.name} sees ${seen} of ${name}, which shows ${shows}`)
      }
      for (const shown of presences.values()) {
        if (!history.presences.has(shown)) found.push(`${name} sees ${shown}, which nobody has shown`)
      }
    }
    return found.slice(0, FINDINGS_MAX)
  },
}
