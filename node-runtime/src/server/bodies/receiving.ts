// How long a request may take to arrive, and its end where the node does not wait for it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { REQUEST_RECEIVE_MS } from '../limits.ts'

/** A request that does not arrive whole in time ends its connection. */
export async function limitReceiving({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const late = setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, REQUEST_RECEIVE_MS)
  reply.raw.once('close', () => clearTimeout(late))
}

/** Says why to whom is given up when the node stops, as not all of it has come. What works on it hears of the end by itself. */
export function refuseUnreceived(stop: AbortSignal) {
  return async ({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (raw.method === 'GET' || raw.method === 'HEAD') return
    const giveUp = () => {
      if (raw.complete || reply.sent) return
      reply.send(stop.reason)
      // Node forgets a request that is answered: who still reads it would wait for ever.
      raw.socket.once('close', () => raw.destroy())
    }
    stop.addEventListener('abort', giveUp, { once: true })
    reply.raw.once('close', () => stop.removeEventListener('abort', giveUp))
  }
}
