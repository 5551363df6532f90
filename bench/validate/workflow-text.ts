// A workflow of many steps as people write them: every kind of value that files have, and nothing to warn of.

const WRITERS = 3

/** `steps` counts those of the top level; `application` is the path that is installed. */
export function workflowText(steps: number, application: string): string {
  const lines = [
    'name: large',
    'description: A file of the size that the budget is about',
    'nodes:',
    `  count: ${WRITERS}`,
    '  prefix: large',
    'stop_all_nodes: true',
    '',
    'steps:',
    '  - name: Install the application',
    '    type: install_application',
    '    node: large-1',
    `    path: ${application}`,
    '    dev: true',
    '    outputs:',
    '      app_id: applicationId',
    '',
    '  - name: One context on all nodes',
    '    type: create_mesh',
    '    context_node: large-1',
    "    application_id: '{{app_id}}'",
    '    nodes: [large-2, large-3]',
    '    outputs:',
    '      context_id: contextId',
  ]
  for (let at = 0; at < steps - 2; at += 1) lines.push('', ...stepLines(Math.floor(at / 4), at % 4))
  return `${lines.join('\n')}\n`
}

/** A write, a barrier, a read and a check of it, in turn. */
function stepLines(round: number, part: number): string[] {
  const writer = `large-${(round % WRITERS) + 1}`
  const reader = `large-${((round + 1) % WRITERS) + 1}`
  const call = ["    context_id: '{{context_id}}'"]
  switch (part) {
    case 0:
      return [
        `  # Round ${round}`,
        `  - name: Write ${round} on ${writer}`,
        '    type: call',
        `    node: ${writer}`,
        ...call,
        '    method: set',
        '    args:',
        `      key: key-${round}`,
        `      value: 'value ${round}'`,
      ]
    case 1:
      return [
        `  - name: Wait for ${round}`,
        '    type: wait_for_sync',
        ...call,
        '    nodes: [large-1, large-2, large-3]',
        '    timeout: 60',
      ]
    case 2:
      return [
        `  - name: Read ${round} on ${reader}`,
        '    type: call',
        `    node: ${reader}`,
        ...call,
        '    method: get',
        `    args: { key: key-${round} }`,
        '    outputs:',
        `      read_${round}: result`,
      ]
    default:
      return [
        `  - name: It is there, ${round}`,
        '    type: json_assert',
        '    statements:',
        `      - 'json_equal({{read_${round}}}, {"output": "value ${round}"})'`,
      ]
  }
}
