// Bodies of requests, read whole. Of a large one a piece a turn of the event loop, whatever has come already: others have
// theirs in between.
import type { IncomingMessage } from 'node:http'
import { errorCodes, type FastifyRequest } from 'fastify'
import { JSON_STEP_BYTES } from '../limits.ts'
import { bodyCounterOf } from './held-bytes.ts'

/** Rejects as the framework would: the body is longer than the route takes, or breaks off. */
export async function readBody({ raw, routeOptions, headers }: FastifyRequest): Promise<Buffer> {
  const max = routeOptions.bodyLimit ?? 0
  if (Number(headers['content-length'] ?? 0) > max) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()
  return allOf(raw, max)
}

function allOf(raw: IncomingMessage, max: number): Promise<Buffer> {
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
        fail(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
        return
      }
      try {
        count?.(piece.length)
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
