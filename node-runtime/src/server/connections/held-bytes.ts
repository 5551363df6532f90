// Bytes of bodies and messages that are in memory, or are about to be: of all who are let in together, and of each key.
// Strangers are not counted: theirs are as short as PUBLIC_BODY_BYTES_MAX, and as many as there are connections.
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

/**
 * Counts a body from its head on until it is answered: as long as it says to be, or may be where it does not say. One that is
 * longer than `max` is refused as such, and not counted.
 */
export function holdBody(
  held: HeldBytes,
  { max, keyOf }: { readonly max: number; readonly keyOf: (request: FastifyRequest) => string | undefined },
) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { headers, method } = request
    if (method === 'GET' || method === 'HEAD') return
    const bytes = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : max
    if (bytes === 0 || bytes > max) return
    const keyId = keyOf(request)
    held.take(keyId, bytes)
    reply.raw.once('close', () => held.give(keyId, bytes))
  }
}
