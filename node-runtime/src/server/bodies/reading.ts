// Bodies of requests, read whole. Of a large one a piece a turn of the event loop, whatever has come already: others have
// theirs in between.
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { ServerError } from '../errors.ts'
import { JSON_STEP_BYTES } from '../limits.ts'
import { bodyCounterOf } from './held-bytes.ts'

/**
 * Rejects with BODY_TOO_LARGE where the body is longer than the route takes, with what `look` says of a piece, or with what
 * broke it off.
 */
export async function readBody(
  { raw, routeOptions, headers }: FastifyRequest,
  look: (piece: Buffer) => void,
): Promise<Buffer> {
  const max = routeOptions.bodyLimit ?? 0
  if (Number(headers['content-length'] ?? 0) > max) throw tooLarge(max)
  return allOf(raw, max, look)
}

function tooLarge(max: number): ServerError {
  return new ServerError('BODY_TOO_LARGE', `the body is larger than the ${max} bytes that are taken here`)
}

function allOf(raw: IncomingMessage, max: number, look: (piece: Buffer) => void): Promise<Buffer> {
  const count = bodyCounterOf(raw)
  const pieces: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      raw.off('data', take).off('end', end).off('error', fail)
      pieces.length = 0
      reject(error)
    }
    const take = (piece: Buffer) => {
      bytes += piece.length
      if (bytes > max) {
        fail(tooLarge(max))
        return
      }
      try {
        count?.(piece.length)
        look(piece)
      } catch (error) {
        fail(error)
        return
      }
      pieces.push(piece)
      if (bytes <= JSON_STEP_BYTES) return
      raw.pause()
      setImmediate(() => raw.resume())
    }
    const end = () => resolve(Buffer.concat(pieces, bytes))
    raw.on('data', take).once('end', end).once('error', fail)
  })
}
