// What a peer asks to be sent, looked up page by page as the side does that answers.
import { type ContextId, idFromBytes } from '../../src/base/ids.ts'
import { keysOfWants, type Want, wantsBehind } from '../../src/reconcile/answer.ts'
import { END, isAscending, START } from '../../src/reconcile/item-key.ts'
import { keyNumber, RowSet } from '../../src/reconcile/item-set.fixture.ts'
import { syncRequestMessage } from '../../src/wire/sync-messages.ts'
import { Rejected, type Target, type Work } from '../target.ts'
import { WIRE } from './codec-target.ts'

const contextId = idFromBytes<ContextId>(new Uint8Array(32).fill(3))
const keys = Array.from({ length: 300 }, (_, index) => keyNumber(index, BigInt(index)))
const held = new RowSet(keys)
const key = (index: number): string => keys[index] ?? ''
const item = (index: number): Want => ({ t: 'item', key: key(index) })
const absent: Want = { t: 'item', key: keyNumber(1000, 7n) }

const wants: readonly (readonly Want[])[] = [
  [{ t: 'range', from: START, to: END }],
  [item(0), absent, { t: 'range', from: key(20), to: `${key(40)}00` }, item(299)],
  // Out of order, and twice.
  [item(9), item(8), item(7), item(9)],
  [
    { t: 'range', from: key(5), to: END },
    { t: 'range', from: START, to: key(10) },
  ],
  Array.from({ length: 60 }, () => absent),
]

/** As little as shows pages and caps. */
const PAGE = 50
const SENT_MAX = 400
const VISITS_FEW = 8
/** Nodes looked at for one page: `ANSWER_VISITS_MAX`, and what one want may begin after it. */
const VISITS_MAX = 40_000

export const wantsTarget: Target = {
  name: 'reconcile-wants',
  decoders: ['reconcile/answer.ts#keysOfWants', 'reconcile/answer.ts#wantsBehind'],
  codes: [...WIRE, 'another request'],
  format: 'cbor',
  seeds: wants.map((each) => syncRequestMessage.encode({ t: 'fetch', contextId, wants: each })),
  allocation: { perByte: 2000, base: 4 * 1024 * 1024 },
  blocksPerByte: 1000,
  share: 0.5,
  run(input, work) {
    const request = syncRequestMessage.decode(input)
    if (request.t !== 'fetch') throw new Rejected('another request')
    send(request.wants, work, undefined)
    send(request.wants, work, VISITS_FEW)
    return syncRequestMessage.encode(request)
  },
}

function send(asked: readonly Want[], work: Work, visitsMax: number | undefined): void {
  const sent: string[] = []
  for (let left = asked; left.length > 0 && sent.length < SENT_MAX; ) {
    work.step()
    const view = held.view()
    const found = keysOfWants(view, left, { limit: PAGE, ...(visitsMax === undefined ? {} : { visitsMax }) })
    if (view.visits > VISITS_MAX) throw new Error('a page of wants is looked up without a bound')
    if (found.keys.length > PAGE) throw new Error('a page has more keys than it may have')
    if (found.keys.some((each) => !asked.some((want) => isIn(want, each)))) throw new Error('a key that nobody wants')
    sent.push(...found.keys)
    const last = found.keys.at(-1)
    if (found.isCut || last === undefined) return
    left = wantsBehind(left, last)
    if (left.some((want) => isIn(want, last))) throw new Error('what has come is still wanted')
  }
  // Who asks in order is sent everything once.
  const bounds = asked.flatMap((want) => (want.t === 'item' ? [want.key, `${want.key}00`] : [want.from, want.to]))
  const isInOrder = bounds.every((bound, at) => at === 0 || (bounds[at - 1] ?? END) <= bound)
  if (isInOrder && !isAscending(sent)) throw new Error('wants in order are sent out of order')
}

function isIn(want: Want, each: string): boolean {
  return want.t === 'item' ? want.key === each : want.from <= each && each < want.to
}
