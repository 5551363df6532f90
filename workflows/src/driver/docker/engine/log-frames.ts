// Takes apart the one stream in which the engine sends both outputs of a container: frames of an 8 byte header (which
// output, and the length at byte 4) and the payload. With timestamps each frame begins with one, and holds one line or a
// part of one.
const HEADER_BYTES = 8
const STDERR = 2

export interface LogFrame {
  readonly output: 'stdout' | 'stderr'
  readonly payload: Buffer
}

export async function* logFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<LogFrame> {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    let at = 0
    while (held.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + held.readUInt32BE(at + 4)
      if (held.length < end) break
      const output = held[at] === STDERR ? 'stderr' : 'stdout'
      yield { output, payload: held.subarray(at + HEADER_BYTES, end) }
      at = end
    }
    held = held.subarray(at)
  }
}

export interface StampedLine {
  /** As the engine writes it, to the nanosecond; they sort as text. */
  readonly at: string
  readonly text: Buffer
}

export function stampedLine(payload: Buffer): StampedLine {
  const space = payload.indexOf(0x20)
  return { at: payload.subarray(0, Math.max(0, space)).toString('latin1'), text: payload.subarray(space + 1) }
}

/** For the `since` of a request: seconds, and nine digits of them. */
export function sinceOf(at: string): string {
  const [whole = '', rest = ''] = at.replace(/Z$/, '').split('.')
  return `${Math.floor(Date.parse(`${whole}Z`) / 1000)}.${rest.padEnd(9, '0').slice(0, 9)}`
}
