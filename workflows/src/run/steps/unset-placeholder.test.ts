import { expect, test } from 'vitest'
import { runYaml, withContext } from '../../testing/run-yaml.ts'

test('a step that fails with a placeholder that nothing sets is marked there, and told what may be meant', async () => {
  const step = [
    '  - name: reads',
    '    type: call',
    '    node: n-1',
    "    context_id: '{{contxt_id}}'",
    '    method: get',
  ]
  const text = withContext(step.join('\n'))
  const line = text.split('\n').findIndex((each) => each.includes('contxt_id')) + 1
  const { failure } = await runYaml(text)
  expect(failure?.place?.line).toBe(line)
  expect(failure?.help).toBe('nothing before this step sets {{contxt_id}}; did you mean "context_id"?')
})
