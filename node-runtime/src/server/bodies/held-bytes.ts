// Bytes of bodies and messages that are in memory, or are about to be: of all who are let in together, and of each key.
// Strangers are not counted: theirs are as short as PUBLIC_BODY_BYTES_MAX, and as many as there are connections.
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ServerError } from '../errors.ts'
import { HELD_BYTES_MAX, HELD_BYTES_PER_KEY_MAX } from '../limits.ts'

export class HeldBytes {
  #bytes = 0
  readonly #ofKeys = new Map<string, number>()

  /** Throws BUSY where it would be too many; nothing is taken then. */
  take(keyId: string | undefined, bytes: number): void {
    if (this.#bytes + bytes > HELD_BYTES_MAX) {
      throw new ServerError('BUSY', `${HELD_BYTES_MAX} bytes of bodies and messages are under way; try again later`)
    }
    if (keyId !== undefined) {
      const ofKey = (this.#ofKeys.get(keyId) ?? 0) + bytes
      if (ofKey > HELD_BYTES_PER_KEY_MAX) {
        throw new ServerError('BUSY', `this key has ${HELD_BYTES_PER_KEY_MAX} bytes under way; try again later`)
      }
      this.#ofKeys.set(keyId, ofKey)
    }
    this.#bytes += bytes
  }

  give(keyId: string | undefined, bytes: number): void {
    this.#bytes -= bytes
    if (keyId === undefined) return
    const left = (this.#ofKeys.get(keyId) ?? 0) - bytes
    if (left > 0) this.#ofKeys.set(keyId, left)
    else this.#ofKeys.delete(keyId)
  }
}

type Count = (bytes: number) => void

/** Of bodies that do not say how long they are. */
const COUNTERS = new WeakMap<IncomingMessage, Count>()

/** To be told of each piece as it comes. Throws BUSY; undefined for a body that is counted already. */
export function bodyCounterOf(request: IncomingMessage): Count | undefined {
  return COUNTERS.get(request)
}

/**
 * Counts a body until it is answered: from its head on as long as it says to be, and as it comes where it does not say. One that
 * is longer than `max` is refused as such, and not counted.
 */
export function holdBody(
  held: HeldBytes,
  { max, keyOf }: { readonly max: number; readonly keyOf: (request: FastifyRequest) => string | undefined },
) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { headers, method, raw } = request
    if (method === 'GET' || method === 'HEAD') return
    const keyId = keyOf(request)
    let taken = 0
    const count = (bytes: number) => {
      // Whoever still sends when it is answered is not kept.
      if (reply.raw.closed) return
      held.take(keyId, bytes)
      taken += bytes
    }
    const bytes = Number(headers['content-length'] ?? 0)
    if (headers['transfer-encoding'] !== undefined) COUNTERS.set(raw, count)
    else if (bytes > 0 && bytes <= max) count(bytes)
    else return
    reply.raw.once('close', () => held.give(keyId, taken))
  }
}
