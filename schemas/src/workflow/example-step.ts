// An example of each step kind for editors: its required fields with values that its schema takes. Pure.

type Json = { readonly [key: string]: unknown }

/** What people would write there; everything else is made from the type. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  node: 'demo-1',
  container: 'demo-1',
  context_node: 'demo-1',
  path: 'app/app.wasm',
  file_path: 'files/picture.png',
  method: 'set',
  script: 'scripts/check.sh',
  steps: [{ type: 'wait', seconds: 1 }],
  statements: ['is_set({{value}})'],
  patterns: ['node started'],
  event: 'MemberJoined',
  account: '{{account}}',
}

/** Fields of which one is required, and no schema says which. */
const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  install_application: ['path', 'dev'],
  assert_ws_event: ['group_id'],
}

export function exampleStep(type: string, schema: Json): Json {
  return { type, ...requiredFields(schema, CHOSEN[type]) }
}

function requiredFields(schema: Json, more: readonly string[] = []): Json {
  const properties = isMap(schema.properties) ? schema.properties : {}
  const required = [...(Array.isArray(schema.required) ? schema.required.map(String) : []), ...more]
  const fields = required.filter((name) => name !== 'type')
  return Object.fromEntries(fields.map((name) => [name, sampleOf(name, properties[name])]))
}

function sampleOf(name: string, schema: unknown): unknown {
  if (!isMap(schema)) return 'value'
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const sample = SAMPLES[name]
  if (sample !== undefined && (schema.type === undefined || schema.type === typeName(sample))) return sample
  if (Array.isArray(schema.anyOf)) return sampleOf(name, schema.anyOf[0])
  switch (schema.type) {
    case 'integer':
      return typeof schema.minimum === 'number' ? Math.max(1, schema.minimum) : 1
    case 'number':
      return 1
    case 'boolean':
      return true
    case 'array':
      return listOf(name, schema)
    case 'object':
      return requiredFields(schema)
    default:
      return name.endsWith('_id') || name === 'invitation' ? `{{${name}}}` : name
  }
}

/** As many entries as it needs, names of nodes counted up. */
function listOf(name: string, schema: Json): unknown[] {
  const length = typeof schema.minItems === 'number' ? Math.max(1, schema.minItems) : 1
  const isNodes = (name === 'nodes' || name === 'peers') && isMap(schema.items) && schema.items.type === 'string'
  // Peers are others than the node of the step.
  const first = name === 'peers' ? 2 : 1
  return Array.from({ length }, (_, at) => (isNodes ? `demo-${at + first}` : sampleOf(name, schema.items)))
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
