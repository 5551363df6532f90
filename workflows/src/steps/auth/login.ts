import { Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import { closed, nodeField } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type StepContext } from '../step-kind.ts'
import { logIn, tokenOutputs } from './log-in.ts'

export const login = defineStep({
  kind: 'login',
  summary: 'Log in on a node with name and password; everything sent to it afterwards carries the token.',
  schema: Type.Object(
    {
      node: nodeField,
      username: Type.String({ minLength: 1, description: 'Name of the user.' }),
      password: Type.String({ minLength: 1, description: 'Password.' }),
      bootstrap_secret: Type.Optional(
        Type.String({ description: 'For the first login on older nodes; default MERO_AUTH_BOOTSTRAP_SECRET.' }),
      ),
    },
    closed,
  ),
  outputs: tokenOutputs,
  isSecret: true,
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const secret = input.bootstrap_secret ?? context.env.MERO_AUTH_BOOTSTRAP_SECRET
    const credentials = {
      username: context.text(input.username),
      password: context.text(input.password),
      ...(secret !== undefined && { bootstrapSecret: context.text(secret) }),
    }
    const payload = await rejectedOrThrow(() => logIn(node, credentials, options), context)
    return { payload, rawKey: `login_${node.name}`, node: node.name, summary: `${credentials.username} is logged in` }
  },
})

/** A node that cannot be reached has rejected nobody. */
export async function rejectedOrThrow<T>(attempt: () => Promise<T>, context: StepContext): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof ClientError && error.isNetworkFault && context.step.expectedFailure)) throw error
    throw new StepError(
      'not_as_expected',
      `a rejection was expected, and the node could not be reached: ${error.message}`,
      { cause: error },
    )
  }
}
