// A target for what one codec reads and writes.
import type { Bytes } from '../../src/base/bytes.ts'
import type { Codec } from '../../src/wire/codec.ts'
import type { Target } from '../target.ts'

/** What the wire may refuse with. */
export const WIRE = ['WIRE_MALFORMED', 'WIRE_KIND', 'WIRE_SHAPE', 'WIRE_NOT_CANONICAL', 'WIRE_TOO_LARGE']

export function codecTarget<T>(name: string, codec: Codec<T>, decoder: string, seeds: readonly Bytes[]): Target {
  return {
    name,
    decoders: [decoder],
    codes: WIRE,
    format: 'cbor',
    seeds,
    run: (input) => codec.encode(codec.decode(input)),
  }
}
