// Problems of a workflow file, painted: the text itself comes from plan.
import type { Severity } from '@calbox/workflows'
import type { Style } from './style.ts'

export function renderProblemText(text: string, severity: Severity, style: Style): string {
  const [head = '', ...rest] = text.split('\n')
  const color = severity === 'error' ? style.bad : severity === 'warning' ? style.warn : style.faint
  const painted = rest.map((line) => {
    if (line.startsWith('  help: ')) return `  ${style.good('help:')} ${line.slice(8)}`
    if (/^ +\| +\^+$/.test(line)) return color(line)
    return line.startsWith('>') ? line : style.faint(line)
  })
  const [, place = '', message = head] = /^(.*?:\d+:\d+: )(.*)$/.exec(head) ?? []
  return [`${style.place(place)}${color(message)}`, ...painted].join('\n')
}
