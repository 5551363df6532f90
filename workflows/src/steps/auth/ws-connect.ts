import { durationField, Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import { durationMs } from '../../values/duration.ts'
import { closed, nodeField } from '../fields.ts'
import { SOCKET_OPEN_TIMEOUT_SEC } from '../limits.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'

export const wsConnect = defineStep({
  kind: 'ws_connect',
  aliases: ['ws_subscribe'],
  summary: 'Open a WebSocket to a node and close it again: shows whether the node lets the token in.',
  schema: Type.Object(
    {
      node: nodeField,
      unauthenticated: Type.Optional(Type.Boolean({ default: false, description: 'Send no token.' })),
      message: Type.Optional(Type.String({ description: 'Sent once it is open; no answer is waited for.' })),
      timeout: Type.Optional(durationField('How long it may take to open', { default: SOCKET_OPEN_TIMEOUT_SEC })),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: true,
  async run(input, context, { signal }) {
    const node = context.node(input.node)
    const token = input.unauthenticated === true ? null : tokenOf(node, context)
    if (token === undefined) {
      const hint = 'log in before, give a token, or say unauthenticated: true'
      throw new StepError('invalid', `there is no token for ${node.name}: ${hint}`, { node: node.name })
    }
    const timeoutMs = durationMs(input.timeout ?? SOCKET_OPEN_TIMEOUT_SEC)
    try {
      const socket = await node.client.socket({ signal, timeoutMs, token })
      if (input.message !== undefined) socket.send(context.text(input.message))
      socket.close()
    } catch (error) {
      throw context.step.expectedFailure ? refusalOnly(error) : error
    }
    return { summary: 'open' }
  },
})

export function tokenOf(node: NodeHandle, context: StepContext): string | undefined {
  return context.step.token === undefined ? node.session.accessToken : context.text(context.step.token)
}

/** Only a refused caller is what this step may expect; anything else says nothing about the token. */
function refusalOnly(error: unknown): unknown {
  if (!(error instanceof ClientError) || error.status === 401 || error.status === 403) return error
  return new StepError('not_as_expected', `a refusal was expected (401 or 403), not: ${error.message}`, {
    cause: error,
  })
}
