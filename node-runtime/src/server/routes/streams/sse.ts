// Server-sent events: the stream, what it watches, and what is known of it. Statuses and shapes are the reference's.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { IdError } from '../../../base/ids.ts'
import { ServerError } from '../../errors.ts'
import { RawResponse } from '../../routing/raw-response.ts'
import { NoBody, NoFields, type Route, route, StreamResponse } from '../../routing/route.ts'
import { namesOf, TopicNames, topicsOf, wrongNames } from '../../streams/visible.ts'

/** Session and number of the event that was seen last, as this node wrote them into `id:`. */
const LAST_EVENT = /^(\d{1,20})-(\d{1,15})$/

const WANTED = 'id, method and params.contextIds or params.groupIds'

const SESSION_ID = /^\d{1,20}$/

const SessionPath = Type.Object({ id: Type.String() })
const SessionState = Type.Object({
  session_id: Type.Any({ description: 'A u64.' }),
  subscriptions: Type.Array(Type.String()),
  event_counter: Type.Integer(),
  status: Type.Union([Type.Literal('active'), Type.Literal('persisted')]),
})

const Subscription = Type.Object({
  id: Type.Any({ description: 'The session, as text or as a u64.' }),
  method: Type.Union([Type.Literal('subscribe'), Type.Literal('unsubscribe')]),
  params: TopicNames,
})

function parseError(message: string): RawResponse {
  return new RawResponse(400, JSON.stringify({ error: { type: 'ParseError', data: message } }))
}

export const sseRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/sse',
    summary: 'Stream of events; Last-Event-ID takes a broken one up again',
    permission: 'token',
    response: 'text/event-stream',
    failures: [503],
    params: NoFields,
    query: Type.Object({ token: Type.Optional(Type.String()) }),
    body: NoBody,
    handle: async ({ streams }, { asker, signal, headers }) => {
      const [, id = '', after = ''] = LAST_EVENT.exec(String(headers['last-event-id'] ?? '')) ?? []
      const known = streams.sessions.find(id)
      // One that is over, or somebody else's, is not told apart: there is a new one.
      const taken = known?.owner === asker.keyId ? known : undefined
      const session = taken ?? streams.sessions.open(asker)
      const about = { 'X-SSE-Session-ID': session.id, 'X-SSE-Reconnect': String(taken !== undefined) }
      const fixed = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
      return new StreamResponse(
        { ...fixed, ...about },
        session.connect(asker, { after: taken === undefined ? undefined : Number(after), signal }),
      )
    },
  }),
  route({
    method: 'POST',
    url: '/sse/subscription',
    summary: 'Watch contexts and groups on a stream of events, or no longer',
    permission: 'token',
    forOtherMembers: true,
    failures: [400, 403, 404],
    params: NoFields,
    query: NoFields,
    // A body that does not fit is answered as JSON-RPC answers it.
    body: Type.Any(),
    handle: async ({ streams }, { body, asker }) => {
      if (!Value.Check(Subscription, body)) {
        const isNames = Value.Check(Type.Object({ params: Type.Any() }), body) && !Value.Check(TopicNames, body.params)
        return parseError(isNames ? `params: ${wrongNames(body.params)}` : WANTED)
      }
      // A u64 beyond 2^53 is kept as its text.
      const id = JSON.stringify(body.id).replaceAll('"', '')
      if (!SESSION_ID.test(id)) return parseError('id: a session is named by a number')
      try {
        const session = streams.sessions.get(id, asker.keyId)
        const asked = topicsOf(body.params)
        if (body.method === 'unsubscribe') {
          session.unsubscribe(asked)
          const names = namesOf(asked)
          const all = [...names.contextIds, ...names.groupIds]
          return { result: { status: 'unsubscribed', unsubscribed: all, requested: all } }
        }
        const { contextIds, groupIds } = namesOf(session.subscribe(asker, asked))
        return { result: { status: 'subscribed', contexts: contextIds, groups: groupIds } }
      } catch (error) {
        if (error instanceof IdError) return parseError(error.message)
        throw error
      }
    },
  }),
  route({
    method: 'GET',
    url: '/sse/session/:id',
    summary: 'What a stream of events watches, and whether somebody reads it',
    permission: 'token',
    response: Type.Object({ result: SessionState }),
    failures: [403, 404],
    params: SessionPath,
    query: NoFields,
    body: NoBody,
    handle: async ({ streams }, { params, asker }) => {
      if (!SESSION_ID.test(params.id)) throw new ServerError('BAD_REQUEST', 'a session is named by a number')
      const session = streams.sessions.get(params.id, asker.keyId)
      return {
        result: {
          session_id: JSON.rawJSON(session.id),
          subscriptions: session.subscriptions,
          event_counter: session.counter,
          status: session.isActive ? 'active' : 'persisted',
        },
      }
    },
  }),
]
