// For tests: steps inside of a whole file, and findings as one line each.
import { lintWorkflow } from './lint.ts'

/** The first line of the steps is line 5. Nodes are a, b and c; ctx, app and ns are known. */
export function fileWith(steps: string, settings = ''): string {
  const vars = 'vars: { ctx: CTX, app: APP, ns: NS }'
  return `name: w\nnodes: { a: {}, b: {}, c: {} }\n${vars}${settings}\nsteps:\n${steps.replace(/^\n/, '')}\n`
}

/** `line rule message`. */
export function linted(steps: string, settings = ''): string[] {
  const { plans, problems, findings } = lintWorkflow({ file: 'w.yml', text: fileWith(steps, settings) })
  if (plans.length === 0) throw new Error(`the sample cannot be planned: ${problems[0]?.line} ${problems[0]?.message}`)
  return findings.map(({ line, rule, message }) => `${line} ${rule} ${message}`)
}

/** `line rule`, of the rules that are asked for. */
export function places(steps: string, rules?: readonly string[], settings = ''): string[] {
  return linted(steps, settings)
    .map((line) => line.split(' ').slice(0, 2).join(' '))
    .filter((line) => rules === undefined || rules.includes(line.split(' ')[1] ?? ''))
}
