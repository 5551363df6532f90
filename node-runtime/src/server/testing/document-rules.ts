// What an OpenAPI 3.1 document must keep to, as far as ours uses it. A check of ours: the published schema of OpenAPI needs a
// validator with dynamic references.

type Fields = Readonly<Record<string, unknown>>

const METHODS = new Set(['get', 'put', 'post', 'delete', 'head'])
const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])
/** Words of JSON Schema 2020-12 that our schemas use, and what each holds. */
const WORDS: Readonly<Record<string, 'schema' | 'schemas' | 'map' | 'number' | 'text' | 'texts' | 'any' | 'flag'>> = {
  type: 'any',
  properties: 'map',
  patternProperties: 'map',
  additionalProperties: 'schema',
  items: 'schema',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  required: 'texts',
  enum: 'any',
  const: 'any',
  default: 'any',
  examples: 'any',
  minimum: 'number',
  maximum: 'number',
  minLength: 'number',
  maxLength: 'number',
  minItems: 'number',
  maxItems: 'number',
  uniqueItems: 'flag',
  pattern: 'text',
  format: 'text',
  description: 'text',
  $ref: 'text',
}

/** Each in words; none for a document that is right. */
export function problemsOf(document: Fields): string[] {
  const problems: string[] = []
  if (!String(document.openapi).startsWith('3.1.')) problems.push('openapi is not 3.1')
  const info = fieldsOf(document.info)
  for (const name of ['title', 'version']) if (typeof info[name] !== 'string') problems.push(`info has no ${name}`)
  const ids = new Set<unknown>()
  for (const [path, item] of Object.entries(fieldsOf(document.paths))) {
    if (!path.startsWith('/')) problems.push(`${path} does not begin with a slash`)
    for (const [method, operation] of Object.entries(fieldsOf(item))) {
      if (!METHODS.has(method)) {
        problems.push(`${path}: ${method} is no method`)
        continue
      }
      const found = operationProblems(path, fieldsOf(operation))
      const { operationId } = fieldsOf(operation)
      if (ids.has(operationId)) found.push(`operationId ${operationId} is not the first`)
      ids.add(operationId)
      problems.push(...found.map((problem) => `${method} ${path}: ${problem}`))
    }
  }
  return problems
}

function operationProblems(path: string, operation: Fields): string[] {
  const problems: string[] = []
  const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  for (const parameter of listOf(operation.parameters)) {
    const { name, in: place, required, schema } = parameter
    if (place === 'path') {
      if (!inPath.delete(String(name))) problems.push(`parameter ${name} is in no place of the path`)
      if (required !== true) problems.push(`parameter ${name} of the path is not required`)
    }
    problems.push(...schemaProblems(schema).map((problem) => `parameter ${name}: ${problem}`))
  }
  for (const name of inPath) problems.push(`the parameter ${name} of the path is not declared`)
  const bodies = [fieldsOf(operation.requestBody), ...Object.values(fieldsOf(operation.responses)).map(fieldsOf)]
  for (const { content } of bodies) {
    for (const [type, media] of Object.entries(fieldsOf(content))) {
      problems.push(...schemaProblems(fieldsOf(media).schema).map((problem) => `${type}: ${problem}`))
    }
  }
  const responses = Object.entries(fieldsOf(operation.responses))
  if (responses.length === 0) problems.push('no response')
  for (const [status, response] of responses) {
    if (!/^[1-5]\d\d$/.test(status)) problems.push(`${status} is no status`)
    const { description, $ref } = fieldsOf(response)
    if (typeof description !== 'string' && $ref !== `#/components/responses/${status}`)
      problems.push(`${status} has no description`)
  }
  return problems
}

function schemaProblems(schema: unknown): string[] {
  if (typeof schema === 'boolean') return []
  if (typeof schema !== 'object' || schema === null) return [`${JSON.stringify(schema)} is no schema`]
  const problems: string[] = []
  for (const [word, value] of Object.entries(schema)) {
    const kind = WORDS[word]
    if (kind === undefined) problems.push(`${word} is no word of ours`)
    else if (word === 'type') {
      const types: unknown[] = Array.isArray(value) ? value : [value]
      for (const type of types) if (!TYPES.has(String(type))) problems.push(`type ${JSON.stringify(type)} is none`)
    } else if (kind === 'schema') problems.push(...schemaProblems(value))
    else if (kind === 'schemas') problems.push(...listOf(value).flatMap(schemaProblems))
    else if (kind === 'map') problems.push(...Object.values(fieldsOf(value)).flatMap(schemaProblems))
    else if (!fits(kind, value)) problems.push(`${word} is ${JSON.stringify(value)}`)
  }
  return problems
}

function fits(kind: string, value: unknown): boolean {
  if (kind === 'any') return true
  if (kind === 'flag') return typeof value === 'boolean'
  if (kind === 'number') return typeof value === 'number'
  if (kind === 'text') return typeof value === 'string'
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}
