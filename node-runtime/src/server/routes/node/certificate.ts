// The certificate that a browser would be asked to trust. This node speaks plain HTTP: there is none.
import { RawResponse } from '../../routing/raw-response.ts'
import { NoBody, NoFields, type Route, route } from '../../routing/route.ts'

export const certificateRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/certificate',
    summary: 'The node’s own TLS certificate; always 404, it speaks plain HTTP',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: 'application/x-pem-file',
    failures: [404],
    handle: async () => new RawResponse(404, 'Certificate not found', { 'content-type': 'text/plain; charset=utf-8' }),
  }),
]
