// docs/reference/steps.md from the registry of step kinds, in the words of `calbox steps <kind>`.
import { renderStepKind } from '../../cli/src/render/step-help.ts'
import { createStyle } from '../../cli/src/render/style.ts'
import { stepControls } from '../../schemas/src/index.ts'
import { stepKinds } from '../../workflows/src/index.ts'

/** In the order in which they act. */
const CONTROLS = Object.keys(stepControls.properties)
  .map((name) => `\`${name}\``)
  .join(', ')

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
    'Every step also takes `name`, `type`, `description`, `outputs`, `expected_failure`, `expected_error` and `token`, and the',
    `keys of [every step](../control-flow.md): ${CONTROLS}. Where a kind lists`,
    'one of these among its own fields, it has the meaning said there. Any kind may stand inside `repeat` and `parallel`.',
    '',
    ...sections,
  ].join('\n')
}
