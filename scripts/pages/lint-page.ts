// docs/reference/lint.md from the registry of lint rules.
import { lintRules } from '../../workflows/src/lint/registry.ts'

export async function lintPage(): Promise<string> {
  const rows = lintRules.map(
    ({ id, summary, fix, ...rule }) =>
      `| [\`${id}\`](#${id}) | ${severityText(rule)} | ${fix === undefined ? '' : 'yes'} | ${summary} |`,
  )
  return [
    '# Lint rules',
    '',
    'Generated from the registry in `workflows/src/lint`; do not edit. `calbox lint --rules` lists them.',
    '',
    ...INTRODUCTION,
    '| rule | severity | --fix | what it finds |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    ...lintRules.flatMap(section),
  ].join('\n')
}

const INTRODUCTION = [
  '`calbox lint <files>` reads workflows and says what in them is likely to go wrong: checks that may come too early, pauses',
  'that should be barriers, captures nobody looks at, expectations that are never met or never reached. It starts nothing.',
  'Where a name or an argument does not say plainly what a step reads or writes, nothing is reported.',
  '',
  '- `--fix` writes what is safe to write, and keeps comments and layout; `--dry-run` shows the difference and writes nothing.',
  '- `--format json` or `github` (annotations on the lines) instead of text.',
  '- `--severity error|warning|note`: the exit code is 1 for findings of this severity and above, default `warning`; 2 for a',
  '  file that cannot be planned.',
  '- A finding is held back by a comment above its line, or above its step:',
  '  `# calbox-lint-disable-next-line <rule> -- <why>`.',
  '',
  'In the examples, `a`, `b` and `c` are nodes, and `ctx`, `app` and `ns` are known variables.',
  '',
]

function severityText({ severity, sometimes }: Pick<(typeof lintRules)[number], 'severity' | 'sometimes'>): string {
  return sometimes === undefined ? severity : `${severity}, sometimes ${sometimes}`
}

function section(rule: (typeof lintRules)[number]): string[] {
  const fix = rule.fix === undefined ? [] : ['', `\`--fix\` ${rule.fix}`]
  return [
    `## ${rule.id}`,
    '',
    `${rule.summary} (${severityText(rule)})`,
    '',
    rule.why,
    ...fix,
    '',
    '```yaml',
    '# found',
    rule.bad.trim(),
    '```',
    '',
    '```yaml',
    '# not found',
    rule.good.trim(),
    '```',
    '',
  ]
}
