// What is told to who asks for /ws as if it were a page. The handshake itself is answered in `streams/`.
import { Type } from 'typebox'
import { RawResponse } from '../../routing/raw-response.ts'
import { NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const MESSAGE = 'this is a WebSocket: messages are {id, method: subscribe|unsubscribe|execute, params}'

export const websocketRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/ws',
    summary: 'WebSocket: {id, method: subscribe|unsubscribe|execute, params}; events come as {id: null, result}',
    permission: 'token',
    failures: [426],
    params: NoFields,
    query: Type.Object({ token: Type.Optional(Type.String()) }),
    body: NoBody,
    handle: async () => new RawResponse(426, JSON.stringify({ error: MESSAGE }), { upgrade: 'websocket' }),
  }),
]
