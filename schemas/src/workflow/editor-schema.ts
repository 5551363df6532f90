// The JSON Schema (draft 7) of a whole workflow file, which editors read for completion and checks. Generated from the
// same definitions that the reader checks with.

import type { TSchema } from 'typebox'
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

export function workflowEditorSchema(kinds: readonly EditorStepKind[]): Json {
  const types = kinds.flatMap((kind) => [kind.kind, ...(kind.aliases ?? [])]).sort()
  return plain({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'calbox workflow',
    type: 'object',
    required: ['name'],
    anyOf: [{ required: ['nodes'] }, { required: ['remote_nodes'] }],
    properties: {
      ...workflowSettings.properties,
      nodes: { anyOf: [nodesMap(), { type: 'array', items: { type: 'string' } }] },
      remote_nodes: { type: 'object', additionalProperties: remoteNode },
      steps: { type: 'array', items: { $ref: '#/definitions/step' } },
    },
    definitions: {
      step: {
        type: 'object',
        anyOf: [{ required: ['type'] }, { required: ['include'] }],
        properties: { type: { enum: types } },
        allOf: kinds.map(stepOfKind),
      },
    },
  })
}

function nodesMap(): Json {
  const anyNode = { anyOf: [namedNode, { type: 'null' }] }
  return { type: 'object', properties: sharedNodeSettings.properties, additionalProperties: anyNode }
}

function stepOfKind(kind: EditorStepKind): Json {
  const own = plain(kind.schema)
  const { type: _type, outputs: _outputs, ...common } = commonStepFields.properties
  let properties: Json = isMap(own.properties) ? own.properties : {}
  for (const { path } of kind.nested ?? []) properties = withStepsAt(properties, path)
  const outputs = { type: 'object', additionalProperties: outputCapture }
  const names = [kind.kind, ...(kind.aliases ?? [])]
  return {
    if: { properties: { type: { enum: names } }, required: ['type'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: {
      ...own,
      description: kind.summary,
      properties: { ...common, ...plain(stepControls.properties), outputs, type: { enum: names }, ...properties },
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
