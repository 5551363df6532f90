// The document that clients are made from: whole, unambiguous, and made of schemas that every validator reads.
import { expect, test } from 'vitest'
import { DECLARATIONS } from '../api.ts'
import { problemsOf } from '../testing/document-rules.ts'
import { openApiDocument } from './document.ts'

const document = openApiDocument(DECLARATIONS)

test('the document keeps the rules of OpenAPI 3.1', () => {
  // As others read it: without what TypeBox keeps beside the schemas.
  expect(problemsOf(JSON.parse(JSON.stringify(document)))).toEqual([])
})

test('a document that breaks a rule is told from one that does not', () => {
  const broken = {
    openapi: '3.0.0',
    info: { title: 't' },
    paths: {
      'x/{id}': { get: { operationId: 'a', parameters: [], responses: {} } },
      '/y': {
        get: { operationId: 'a', parameters: [{ name: 'n', in: 'path', schema: { type: 'strin' } }], responses: {} },
        fetch: {},
      },
    },
  }
  expect(problemsOf(broken)).toEqual([
    'openapi is not 3.1',
    'info has no version',
    'x/{id} does not begin with a slash',
    'get x/{id}: the parameter id of the path is not declared',
    'get x/{id}: no response',
    'get /y: parameter n is in no place of the path',
    'get /y: parameter n of the path is not required',
    'get /y: parameter n: type "strin" is none',
    'get /y: no response',
    'get /y: operationId a is not the first',
    '/y: fetch is no method',
  ])
})

test('every route is in it', () => {
  const count = Object.values(document.paths as object).reduce((sum, path) => sum + Object.keys(path).length, 0)
  expect(count).toBe(DECLARATIONS.length)
})

test('the permissions of routes are in the grammar', () => {
  const grammar =
    /^(public|token|admin|(application|package|blob|namespace|group|context|keys)(:[a-z-]+){0,2}(\[:\w+(,:\w+)*\])?)$/
  expect(DECLARATIONS.map(({ permission = 'admin' }) => permission).filter((each) => !grammar.test(each))).toEqual([])
  const unknown = DECLARATIONS.flatMap(({ url, permission = '' }) =>
    [...permission.matchAll(/[[,](:\w+)/g)].map(([, name = '']) => name).filter((name) => !url.includes(name)),
  )
  expect(unknown).toEqual([])
})
