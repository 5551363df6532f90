// The JSON Schema (draft 7) of a whole workflow file, which editors read for completion and checks. Generated from the
// same definitions that the reader checks with.

import type { TSchema } from 'typebox'
import { exampleStep } from './example-step.ts'
import { namedNode, remoteNode, sharedNodeSettings } from './nodes.ts'
import { workflowSettings } from './settings.ts'
import { commonStepFields, outputCapture } from './step.ts'
import { stepControls } from './step-controls.ts'

export interface EditorStepKind {
  readonly kind: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly schema: TSchema
  /** Lists of steps inside this kind: `['steps']`, `['groups', '*', 'steps']`. */
  readonly nested?: readonly { readonly path: readonly string[] }[]
}

type Json = { [key: string]: unknown }

/** The one kind that its own field tells, too. */
const UNTYPED = 'include'

const EXAMPLE = {
  name: 'my first network',
  nodes: { count: 3, prefix: 'demo' },
  steps: [{ name: 'Wait a little', type: 'wait', seconds: 1 }],
  stop_all_nodes: true,
}

export function workflowEditorSchema(kinds: readonly EditorStepKind[]): Json {
  const types = kinds
    .flatMap(({ kind, aliases = [], summary }) => [kind, ...aliases].map((name) => ({ name, summary })))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return withMatrixValues({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'calbox workflow',
    description: 'A network of nodes, and steps that drive it.',
    examples: [EXAMPLE],
    type: 'object',
    required: ['name'],
    anyOf: [{ required: ['nodes'] }, { required: ['remote_nodes'] }],
    properties: {
      ...workflowSettings.properties,
      image: { description: 'Container image of all nodes; only for drivers that run one.', type: 'string' },
      result_dir: { description: 'Accepted and without effect.' },
      nodes: {
        description: 'The nodes to start: counted (count, prefix), named (name: {}), or a list of names.',
        examples: [EXAMPLE.nodes],
        anyOf: [nodesMap(), { type: 'array', items: { type: 'string' } }],
      },
      remote_nodes: {
        description: 'Nodes that exist already: name: { url, auth }.',
        type: 'object',
        additionalProperties: remoteNode,
      },
      steps: {
        description: 'Run in order; the first failure ends the run.',
        type: 'array',
        items: { $ref: '#/definitions/step' },
      },
    },
    // Keys that begin so are the author's own, for anchors.
    patternProperties: { '^x-': {} },
    additionalProperties: false,
    definitions: {
      common: { properties: commonProperties() },
      step: {
        type: 'object',
        anyOf: [{ required: ['type'] }, { required: [UNTYPED] }],
        properties: {
          type: {
            description: 'The kind of the step. `calbox steps <kind>` shows its fields.',
            enum: types.map(({ name }) => name),
            // Of editors, which show it beside each value.
            enumDescriptions: types.map(({ summary }) => summary),
          },
        },
        allOf: kinds.map(stepOfKind),
      },
    },
  })
}

/** What a placeholder of the matrix gives wherever a number or a truth value is read. */
const MATRIX_VALUE = '^\\{\\{\\s*matrix\\.[^{}]+\\}\\}$'
const READ_OF_IT: ReadonlySet<unknown> = new Set(['integer', 'number', 'boolean'])

function withMatrixValues(schema: Json): Json {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (!isMap(value)) return value
    const walked = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]))
    const isRead = READ_OF_IT.has(value.type) && value.const === undefined && value.enum === undefined
    return isRead ? { ...walked, type: [value.type, 'string'], pattern: MATRIX_VALUE } : walked
  }
  return plain(walk(plain(schema)) as Json)
}

function nodesMap(): Json {
  const anyNode = { anyOf: [namedNode, { type: 'null' }] }
  const chainId = { description: 'Accepted and not used.' }
  const properties = { ...sharedNodeSettings.properties, chain_id: chainId }
  return { type: 'object', properties, additionalProperties: anyNode }
}

/** Of every step; kinds refer to them, or the schema would say each of them a hundred times. */
function commonProperties(): Json {
  const { type: _type, outputs: _outputs, ...common } = commonStepFields.properties
  const outputs = {
    description: 'variable: path in the reply. `calbox steps <kind>` shows what there is.',
    type: 'object',
    additionalProperties: outputCapture,
    examples: [{ context_id: 'contextId' }],
  }
  return { ...common, ...stepControls.properties, outputs }
}

function stepOfKind(kind: EditorStepKind): Json {
  const own = plain(kind.schema)
  let properties: Json = isMap(own.properties) ? own.properties : {}
  for (const { path } of kind.nested ?? []) properties = withStepsAt(properties, path)
  const common = Object.keys(commonProperties()).map((name) => [
    name,
    { $ref: `#/definitions/common/properties/${name}` },
  ])
  const names = [kind.kind, ...(kind.aliases ?? [])]
  const isOfType = { properties: { type: { enum: names } }, required: ['type'] }
  return {
    if: kind.kind === UNTYPED ? { anyOf: [isOfType, { required: [UNTYPED], not: { required: ['type'] } }] } : isOfType,
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: {
      ...own,
      description: kind.summary,
      examples: [exampleStep(kind.kind, own)],
      properties: { ...Object.fromEntries(common), type: { enum: names }, ...properties },
    },
  }
}

/** The same properties with the list of steps at `path` referring to the step definition. */
function withStepsAt(properties: Json, path: readonly string[]): Json {
  const [name, star, ...rest] = path
  if (name === undefined) return properties
  const field = isMap(properties[name]) ? properties[name] : {}
  if (star === undefined) return { ...properties, [name]: { ...field, items: { $ref: '#/definitions/step' } } }
  const items = isMap(field.items) ? field.items : {}
  const inner = withStepsAt(isMap(items.properties) ? items.properties : {}, rest)
  return { ...properties, [name]: { ...field, items: { ...items, properties: inner } } }
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Without TypeBox's own marks, which are no JSON. */
function plain(schema: object): Json {
  const copy: unknown = JSON.parse(JSON.stringify(schema))
  return isMap(copy) ? copy : {}
}
