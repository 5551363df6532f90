// The rows beside graph and state: each decodes, governance operations are signed, keys are what their ids say, and what
// belongs to a context belongs to one that is here.
import { toHex } from '../../base/bytes.ts'
import { type ContextId, ID_LENGTH, idBytes } from '../../base/ids.ts'
import { keyIdOf, signingKeyFromSeed } from '../../base/keys.ts'
import { incomingMetaKey } from '../../storage/state-meta.ts'
import { KEY_PREFIXES, type KeyKind, keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreReader } from '../../store/store.ts'
import { decodeCertified } from '../../wire/checkpoint.ts'
import { decodeHeads } from '../../wire/gossip.ts'
import { decodeOp, verifyOp } from '../../wire/op.ts'
import { type CheckpointRow, decodeRow, type GroupKeyRow, type RowName } from '../../wire/records.ts'
import { contextsWith } from '../stored-ids.ts'
import { type Finding, REFETCH } from './finding.ts'

type Key = Uint8Array

interface RowCheck {
  readonly kind: KeyKind
  /** Throws, or says what is wrong. */
  readonly look: (value: Uint8Array, key: Key) => string | undefined
  /** It comes again by itself. */
  readonly comesAgain?: string
}

const decodes = (name: RowName) => (value: Uint8Array) => {
  decodeRow(name, value)
  return undefined
}

const CHECKS: readonly RowCheck[] = [
  { kind: 'context', look: decodes('context') },
  { kind: 'handler', look: decodes('handler row') },
  { kind: 'deadLetter', look: decodes('handler row') },
  { kind: 'xcall', look: decodes('call to another context') },
  { kind: 'judgement', look: decodes('judgement') },
  { kind: 'reissue', look: decodes('own delta to be written again') },
  { kind: 'application', look: decodes('application') },
  { kind: 'checkpoint', look: lookAtCheckpoint },
  { kind: 'acknowledgement', look: lookAtHeads, comesAgain: 'forget it: its member says it again' },
  { kind: 'governance', look: lookAtOperation },
  { kind: 'groupKey', look: lookAtGroupKey },
  { kind: 'identity', look: lookAtIdentity },
]

/** Of a context that is not here; what a join under way has received is no leftover. */
const OF_A_CONTEXT = ['state', 'delta', 'undo', 'base', 'handler', 'deadLetter', 'xcall', 'outbox', 'parked'] as const

export async function* checkRows(store: StoreReader): AsyncGenerator<Finding> {
  for (const { kind, look, comesAgain } of CHECKS) {
    for await (const [key, value] of store.entries(rangeOf(keyOf(kind)))) {
      const wrong = wordsOf(() => look(value, key))
      if (wrong === undefined) continue
      const at = toHex(key.subarray(keyOf(kind).byteLength))
      const message = `${kind} ${at}: ${wrong}${comesAgain === undefined ? `; ${REFETCH}` : ''}`
      const repair = comesAgain === undefined ? {} : { repair: { does: comesAgain, keys: [key] } }
      yield { kind: 'damage', what: kind, message, ...repair }
    }
  }
  yield* checkOwners(store)
  yield* checkKinds(store)
}

/** Rows of contexts that are not here. The node keeps them: its membership may come back. */
async function* checkOwners(store: StoreReader): AsyncGenerator<Finding> {
  const told = new Set<ContextId>()
  for (const kind of OF_A_CONTEXT) {
    for await (const id of contextsWith(store, kind)) {
      if (told.has(id) || store.get(keyOf('context', idBytes(id))) || store.get(incomingMetaKey(id))) continue
      told.add(id)
      yield { kind: 'leftover', what: kind, context: id, message: `rows of a context that is not here (${kind})` }
    }
  }
}

/** A key that no kind of row begins with, found by going from one beginning to the next. */
async function* checkKinds(store: StoreReader): AsyncGenerator<Finding> {
  const known = new Set(Object.values(KEY_PREFIXES).map((prefix) => Buffer.from(prefix).toString('hex')))
  const end = Uint8Array.of(0xff, 0xff, 0xff)
  for (let gte: Uint8Array | undefined = Uint8Array.of(0); gte !== undefined; ) {
    let beginning: Uint8Array | undefined
    for await (const [key] of store.entries({ gte, lt: end, limit: 1 })) beginning = key.slice(0, 2)
    if (beginning !== undefined && !known.has(toHex(beginning))) {
      yield {
        kind: 'damage',
        what: 'row',
        message: `rows that begin with ${toHex(beginning)} are of no kind this node knows`,
      }
    }
    gte = beginning === undefined ? undefined : rangeOf(beginning).lt
  }
}

function lookAtCheckpoint(value: Uint8Array): undefined {
  decodeCertified(decodeRow<CheckpointRow>('checkpoint', value).checkpoint)
}

function lookAtHeads(value: Uint8Array): undefined {
  decodeHeads(value)
}

function lookAtOperation(value: Uint8Array, key: Key): string | undefined {
  const op = decodeOp(value)
  const [namespaceId, id] = idsOf('governance', key)
  if (op.id !== id) return `its content has the id ${op.id}`
  if (op.namespaceId !== namespaceId) return `it is of namespace ${op.namespaceId}`
  return verifyOp(op) ? undefined : 'its signature is not that of its author'
}

function lookAtGroupKey(value: Uint8Array, key: Key): string | undefined {
  const [, id] = idsOf('groupKey', key)
  const isIt = keyIdOf(decodeRow<GroupKeyRow>('group key', value).key) === id
  return isIt ? undefined : 'the key is not the one that its id names'
}

function lookAtIdentity(value: Uint8Array, key: Key): string | undefined {
  const [id] = idsOf('identity', key)
  return signingKeyFromSeed(value).publicKey === id ? undefined : 'the key is not that of the public key'
}

/** The ids of a key, in hex. */
function idsOf(kind: KeyKind, key: Key): string[] {
  const rest = key.subarray(keyOf(kind).byteLength)
  return [toHex(rest.subarray(0, ID_LENGTH)), toHex(rest.subarray(ID_LENGTH, 2 * ID_LENGTH))]
}

function wordsOf(look: () => string | undefined): string | undefined {
  try {
    return look()
  } catch (error) {
    return `it cannot be read (${error instanceof Error ? error.name : String(error)})`
  }
}
