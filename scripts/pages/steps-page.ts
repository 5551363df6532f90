// docs/reference/steps.md from the registry of step kinds, in the words of `calbox steps <kind>`.
import { renderStepKind } from '../../cli/src/render/step-help.ts'
import { createStyle } from '../../cli/src/render/style.ts'
import { stepKinds } from '../../workflows/src/index.ts'

const PLAIN = { write: () => true }

export async function stepsPage(): Promise<string> {
  const style = createStyle(PLAIN, { NO_COLOR: '1' })
  const sections = [...stepKinds]
    .sort((a, b) => a.kind.localeCompare(b.kind))
    .map((kind) => `## ${kind.kind}\n\n\`\`\`text\n${renderStepKind(kind, style).trimEnd()}\n\`\`\`\n`)
  return [
    '# Step kinds',
    '',
    'Generated from the registry in `workflows/src/steps`; do not edit. `calbox steps <kind>` prints the same.',
    '',
    'Every step also takes `name`, `type`, `description`, `outputs`, `expected_failure`, `expected_error` and `token`. Any',
    'kind may stand inside `repeat` and `parallel`.',
    '',
    ...sections,
  ].join('\n')
}
