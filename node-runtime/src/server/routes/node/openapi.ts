// The description of the API, made of the declarations when it is first asked for.
import { openApiDocument } from '../../openapi/document.ts'
import { NoBody, NoFields, type Route, type RouteDeclaration, route } from '../../routing/route.ts'

/** `all` is asked for when it is whole. */
export function openApiRoute(all: () => readonly RouteDeclaration[]): Route {
  let document: object | undefined
  return route({
    method: 'GET',
    url: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async () => {
      document ??= openApiDocument(all())
      return document
    },
  })
}
