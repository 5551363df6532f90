// The OpenAPI 3.1 document of the API, from the declarations of its routes. Pure: the same routes, the same text.
import type { RouteDeclaration } from '../routing/route.ts'
import { ERROR_SCHEMA, failuresOf, type Json, operationOf, refusalOf } from './operation.ts'

const DESCRIPTION = [
  'The HTTP API of a calbox node. It is that of merod, so that its clients work, and more.',
  '',
  'Ids of contexts, applications, blobs and public keys are base58; ids of namespaces, groups and accounts are 64 hex',
  'characters. Bytes are lists of integers. Request fields and query parameters that a route does not know are ignored.',
  'Where a body has no fields, nothing, `null` and `{}` are the same, with and without a content type.',
].join('\n')

const LICENSE = { name: 'MIT OR Apache-2.0', identifier: 'MIT OR Apache-2.0' }

/** Of every operation; HEAD stands beside GET where it is declared. */
export function openApiDocument(routes: readonly RouteDeclaration[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of [...routes].sort(byPlace)) {
    const path = templateOf(route.url)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, path) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'calbox node', version: '1', description: DESCRIPTION, license: LICENSE },
    servers: [{ url: 'http://127.0.0.1:2528' }],
    paths,
    components: {
      schemas: { Error: ERROR_SCHEMA },
      responses: Object.fromEntries([...new Set(routes.flatMap(failuresOf))].map((each) => [each, refusalOf(each)])),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

/** `/contexts/:id` is written `/contexts/{id}` there. */
function templateOf(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}')
}

function byPlace(a: RouteDeclaration, b: RouteDeclaration): number {
  if (a.url !== b.url) return a.url < b.url ? -1 : 1
  return a.method < b.method ? -1 : 1
}
