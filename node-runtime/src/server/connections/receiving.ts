// How long a request may take to arrive.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { REQUEST_RECEIVE_MS } from '../limits.ts'

/** A request that does not arrive whole in time ends its connection. */
export async function limitReceiving({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const late = setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, REQUEST_RECEIVE_MS)
  reply.raw.once('close', () => clearTimeout(late))
}
