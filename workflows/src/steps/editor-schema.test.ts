import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { editorSchemaText } from './editor-schema.ts'
import { stepKinds } from './registry.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const schema = JSON.parse(editorSchemaText())
const ajv = new Ajv({ strict: false })
const validate = ajv.compile(schema)

/** The part of the schema for each kind, by its example. */
const kinds: readonly { then: { examples: Record<string, unknown>[]; properties: Record<string, object> } }[] =
  schema.definitions.step.allOf
const file = (step: unknown) => ({ name: 'w', nodes: { count: 1 }, steps: [step] })

test('it is a schema of draft 7', () => {
  expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#')
  expect([ajv.validateSchema(schema), ajv.errors]).toEqual([true, null])
})

test('it takes every workflow that is shipped, its own examples, and an example of each kind', () => {
  const files = globSync(['workflows/examples/*.yml', 'apps/**/*.yml', 'cli/templates/*.yml'], { cwd: ROOT })
  expect(files.length).toBeGreaterThan(4)
  for (const name of files) {
    expect([name, validate(parse(readFileSync(path.join(ROOT, name), 'utf8'))), validate.errors]).toEqual([
      name,
      true,
      null,
    ])
  }
  for (const example of schema.examples) expect(validate(example)).toBe(true)
  for (const { then } of kinds) {
    const [example] = then.examples
    expect([example, validate(file(example)), validate.errors]).toEqual([example, true, null])
  }
  expect(kinds).toHaveLength(stepKinds.length)
})

test('it takes values of the matrix where numbers and truth values are read, and no other texts', () => {
  const matrix = { sizes: [2, 3], on: [true, false] }
  const steps = [{ type: 'wait', seconds: '{{matrix.sizes}}', retry: '{{ matrix.sizes }}' }]
  const documented = { name: 'w', matrix, nodes: { count: '{{matrix.sizes}}' }, stop_all_nodes: '{{matrix.on}}', steps }
  expect([validate(documented), validate.errors]).toEqual([true, null])
  expect(validate({ ...documented, nodes: { count: '{{sizes}}' } })).toBe(false)
  expect(validate({ ...documented, stop_all_nodes: 'yes' })).toBe(false)
})

test('it refuses misspelt keys and kinds', () => {
  const strict = stepKinds.filter(
    ({ schema: own }) => 'additionalProperties' in own && own.additionalProperties === false,
  )
  expect(strict.length).toBeGreaterThan(90)
  for (const { then } of kinds) {
    const [example = {}] = then.examples
    if (!strict.some(({ kind }) => kind === example.type)) continue
    for (const key of Object.keys(example)) {
      const misspelt = Object.fromEntries(
        Object.entries(example).map(([name, value]) => [name === key ? `${key}x` : name, value]),
      )
      expect([misspelt, validate(file(misspelt))]).toEqual([misspelt, false])
    }
    expect([example, validate(file({ ...example, retryy: 3 }))]).toEqual([example, false])
  }
  expect(validate(file({ type: 'cal' }))).toBe(false)
  expect(validate({ name: 'w', nodes: { count: 'three' } })).toBe(false)
  expect(validate({ ...file({ type: 'wait', seconds: 1 }), stop_all_node: true })).toBe(false)
  expect(validate({ ...file({ type: 'wait', seconds: 1 }), 'x-anchors': [1] })).toBe(true)
})

test('every kind and every field of it is described', () => {
  const described = (name: string, field: object) =>
    'description' in field || '$ref' in field || name === 'type' ? [] : [name]
  const silent = kinds.flatMap(({ then }) =>
    Object.entries(then.properties).flatMap(([name, field]) => described(name, field)),
  )
  expect(silent).toEqual([])
  const common = Object.entries(schema.definitions.common.properties).flatMap(([name, field]) =>
    described(name, Object(field)),
  )
  expect(common.filter((name) => name !== 'description')).toEqual([])
})
