// The description of the API, made of the declarations when it is first asked for. The bytes are the same for all who ask:
// strangers may, and do not have to read it.
import { openApiDocument } from '../../openapi/document.ts'
import { RawResponse } from '../../routing/raw-response.ts'
import { NoBody, NoFields, type Route, type RouteDeclaration, route } from '../../routing/route.ts'

/** `all` is asked for when it is whole. */
export function openApiRoute(all: () => readonly RouteDeclaration[]): Route {
  let answer: RawResponse | undefined
  return route({
    method: 'GET',
    url: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async () => {
      answer ??= new RawResponse(200, Buffer.from(JSON.stringify(openApiDocument(all()))))
      return answer
    },
  })
}
