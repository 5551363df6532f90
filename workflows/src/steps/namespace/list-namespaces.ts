import { requestStep } from '../request-step.ts'

export const listNamespaces = requestStep({
  kind: 'list_namespaces',
  summary: 'List the namespaces a node has joined.',
  fields: {},
  route: 'GET /namespaces',
  attempted: 'listing namespaces',
  honoursExpectedFailure: false,
  outputsAreExtra: true,
  rawKey: 'namespaces',
  outputs: [{ name: '0.namespaceId', description: 'Id of the first one; the reply is a list.' }],
})
