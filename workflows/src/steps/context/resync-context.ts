import { Type } from '@calbox/schemas'
import { contextIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const resyncContext = requestStep({
  kind: 'resync_context',
  summary: 'Let a node fetch a context anew from its peers.',
  fields: {
    context_id: contextIdField,
    force: Type.Optional(Type.Boolean({ default: false, description: 'Also where the state looks sound.' })),
  },
  route: 'POST /contexts/:context_id/resync',
  attempted: 'starting the resync',
  givesUpHistory: true,
  body: ({ force }) => ({ force: force ?? false }),
  outputs: [
    { name: 'contextId', description: 'Id of the context.' },
    { name: 'resyncStarted', description: 'Whether it was started.' },
  ],
})
