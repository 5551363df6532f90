// JSON-RPC: run a method of a context. The answer is HTTP 200 with a result or an error object of the reference's shape.
import { Type } from 'typebox'
import { ServerError } from '../errors.ts'
import { RawResponse } from '../routing/raw-response.ts'
import { NoFields, type Route, routeByBody } from '../routing/route.ts'
import { answerRpc, RPC_READING } from '../rpc/answer.ts'
import { isRpcId } from '../rpc/rpc-id.ts'

const Envelope = Type.Object({
  jsonrpc: Type.Literal('2.0'),
  id: Type.Optional(Type.Any()),
  method: Type.String(),
  params: Type.Optional(Type.Any()),
})

/** One of both; `error` is not the object of the JSON-RPC specification. */
const Answer = Type.Object({
  jsonrpc: Type.Literal('2.0'),
  id: Type.Any(),
  result: Type.Optional(Type.Object({})),
  error: Type.Optional(Type.Object({ type: Type.String(), data: Type.Optional(Type.Any()) })),
})

export const jsonrpcRoutes: readonly Route[] = [
  routeByBody({
    method: 'POST',
    url: '/jsonrpc',
    summary: 'Run a method: execute {contextId, method, argsJson}',
    permission: 'context:execute',
    forOtherMembers: true,
    params: NoFields,
    query: NoFields,
    body: Envelope,
    json: RPC_READING,
    response: Answer,
    handle: async (gate, { body, signal, asker }) => {
      if (!isRpcId(body.id ?? null)) throw new ServerError('BAD_REQUEST', 'id must be a text, a whole number, or null')
      const head = `{"jsonrpc":"2.0","id":${JSON.stringify(body.id ?? null)}`
      const answer = await answerRpc(gate, { method: body.method, params: body.params, signal, member: asker.member })
      return 'result' in answer
        ? new RawResponse(200, `${head},"result":${answer.result}}`, answer.headers)
        : new RawResponse(200, `${head},"error":${JSON.stringify(answer.error)}}`)
    },
  }),
]
