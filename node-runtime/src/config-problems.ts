// What of a value does not fit a schema, for the few words of JSON Schema that the config uses. Loading a validator for
// all of them takes longer than reading the file.

export type PlainSchema =
  | {
      readonly type: 'object'
      readonly properties: Readonly<Record<string, PlainSchema>>
      readonly required?: readonly string[]
    }
  | { readonly type: 'array'; readonly items: PlainSchema }
  | { readonly type: 'string'; readonly enum?: readonly string[] }
  | { readonly type: 'integer'; readonly minimum: number }
  | { readonly type: 'boolean' }

/** Pure. Of each the place, such as `sync.timeout_ms`, and what it must be; none where all fits. */
export function problemsOf(schema: PlainSchema, value: unknown, place = ''): string[] {
  const must = (what: string) => [`${place || '(top)'}: must be ${what}`]
  const inside = (key: string | number) => (place === '' ? `${key}` : `${place}.${key}`)
  switch (schema.type) {
    case 'object': {
      if (!isTable(value)) return must('a table')
      const missing = (schema.required ?? []).filter((key) => value[key] === undefined)
      const present = Object.entries(schema.properties).filter(([key]) => value[key] !== undefined)
      return [
        ...missing.map((key) => `${inside(key)}: is missing`),
        ...present.flatMap(([key, each]) => problemsOf(each, value[key], inside(key))),
      ]
    }
    case 'array':
      if (!Array.isArray(value)) return must('an array')
      return value.flatMap((item, index) => problemsOf(schema.items, item, inside(index)))
    case 'string':
      if (typeof value !== 'string') return must('a string')
      return schema.enum?.includes(value) === false ? must(`one of ${schema.enum.join(', ')}`) : []
    case 'integer':
      return Number.isInteger(value) && Number(value) >= schema.minimum ? [] : must(`an integer from ${schema.minimum}`)
    case 'boolean':
      return typeof value === 'boolean' ? [] : must('true or false')
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
