// A fault as it is written in JSON, checked: for the routes, and for the start of a node that has some from its first moment.
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ServerError } from '../errors.ts'

const PEERS_MAX = 256
const DELAY_MS_MAX = 600_000
const CLOCK_OFFSET_MS_MAX = 366 * 86_400_000
const FAULTS_MAX = 256

const Percent = Type.Number({ minimum: 0, maximum: 100 })
const Delay = Type.Number({ minimum: 0, maximum: DELAY_MS_MAX })
const Peers = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: PEERS_MAX })
const closed = { additionalProperties: false }

const Action = Type.Union([
  Type.Literal('hold'),
  Type.Literal('drop'),
  Type.Literal('replay'),
  Type.Literal('duplicate'),
  Type.Literal('reorder'),
])

const Kind = Type.Union([
  Type.Literal('delta'),
  Type.Literal('announce'),
  Type.Literal('heads'),
  Type.Literal('governance'),
  Type.Literal('sync'),
  Type.Literal('hello'),
  Type.Literal('blob'),
])

const Message = Type.Object(
  {
    action: Action,
    from: Type.Optional(Peers),
    kinds: Type.Optional(Type.Array(Kind, { minItems: 1 })),
    channel: Type.Optional(Type.Union([Type.Literal('gossip'), Type.Literal('stream')])),
    count: Type.Optional(Type.Integer({ minimum: 1 })),
    percent: Type.Optional(Percent),
    seed: Type.Optional(Type.String({ maxLength: 256 })),
  },
  closed,
)

const LINK = {
  peers: Type.Optional(Peers),
  direction: Type.Optional(Type.Union([Type.Literal('in'), Type.Literal('out'), Type.Literal('both')])),
  blocked: Type.Optional(Type.Boolean()),
  delayMs: Type.Optional(Delay),
  jitterMs: Type.Optional(Delay),
  lossPercent: Type.Optional(Percent),
  bytesPerSecond: Type.Optional(Type.Number({ minimum: 1 })),
  resetPercent: Type.Optional(Percent),
  seed: Type.Optional(Type.String({ maxLength: 256 })),
}

/** Of connections, or one of the others. */
export const FaultBody = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    ...LINK,
    message: Type.Optional(Message),
    disk: Type.Optional(Type.Union([Type.Literal('full'), Type.Literal('read_only')])),
    clockOffsetMs: Type.Optional(Type.Integer({ minimum: -CLOCK_OFFSET_MS_MAX, maximum: CLOCK_OFFSET_MS_MAX })),
  },
  closed,
)

export type FaultBody = Static<typeof FaultBody>

/** A JSON list of faults. Throws BAD_REQUEST. */
export function readFaults(text: string): FaultBody[] {
  const list = parse(text)
  if (Value.Check(Type.Array(FaultBody, { maxItems: FAULTS_MAX }), list)) return list
  const [problem] = Value.Errors(Type.Array(FaultBody, { maxItems: FAULTS_MAX }), list)
  throw new ServerError('BAD_REQUEST', `faults${problem?.instancePath ?? ''} ${problem?.message ?? 'are not valid'}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ServerError('BAD_REQUEST', 'faults are a JSON list', { cause })
  }
}
