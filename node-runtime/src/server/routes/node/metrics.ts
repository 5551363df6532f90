// Figures for Prometheus. Public in every mode, as in the reference node: nothing in them is of a client.
import { RawResponse } from '../../routing/raw-response.ts'
import { NoBody, NoFields, type Route, route } from '../../routing/route.ts'

export const metricsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/metrics',
    summary: 'Counts and durations, as Prometheus reads them',
    permission: 'public',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: 'text/plain',
    handle: async ({ metrics }) => new RawResponse(200, await metrics.text(), { 'content-type': metrics.contentType }),
  }),
]
