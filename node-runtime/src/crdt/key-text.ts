// What a record is of which only the key is known, for who reads a log.
import { type Bytes, toHex } from '../base/bytes.ts'
import { crdtTypeOf } from './registry.ts'
import { INSTANCE_ID_LENGTH, partsOfKey, type RecordPart } from './state-keys.ts'

const PARTS: Readonly<Record<RecordPart, string>> = {
  e: 'element',
  i: 'node of the index',
  r: 'register',
  t: 'total',
  h: 'height',
  l: 'locator',
  n: 'node',
  o: 'origin',
  w: 'waiting element',
  g: 'genesis',
  c: 'change of writers',
  v: 'value',
}
/** Of what a guest has named. */
const NAME_CHARS_MAX = 80

/** Undefined: it is no record of the host's. */
export function keyText(key: Bytes): string | undefined {
  const parts = partsOfKey(key)
  const type = parts && crdtTypeOf(parts.tag)
  const part = parts && Object.entries(PARTS).find(([letter]) => letter === parts.part)?.[1]
  if (parts === undefined || type === undefined || part === undefined) return undefined
  const of = `${type.name} ${toHex(parts.id).slice(0, INSTANCE_ID_LENGTH)}…`
  return parts.key.byteLength === 0 ? `${part} of ${of}` : `${part} ${nameOf(parts.key)} of ${of}`
}

/** As text where it is plain, else in hex. */
function nameOf(key: Bytes): string {
  const text = Buffer.from(key).toString('latin1')
  const isPlain = /^[ -~]+$/.test(text)
  const name = isPlain ? text : toHex(key)
  const shown = name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name
  return isPlain ? JSON.stringify(shown) : shown
}
