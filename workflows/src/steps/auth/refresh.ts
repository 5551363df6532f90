import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { refreshTokens, tokenOutputs } from './log-in.ts'
import { rejectedOrThrow } from './login.ts'

export const refresh = defineStep({
  kind: 'refresh',
  summary: 'Get new tokens for those of the last login. Nodes refuse it while the old token is valid.',
  schema: Type.Object({ node: nodeField }, closed),
  outputs: tokenOutputs,
  isSecret: true,
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const payload = await rejectedOrThrow(() => refreshTokens(node, options), context)
    return { payload, rawKey: `refresh_${node.name}`, node: node.name }
  },
})
