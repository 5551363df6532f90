// One pass over CBOR before anything is built from it: bounded nesting and a bounded number of items, so that small
// bytes from a peer cannot become a deep recursion or many objects. Only the types that our messages use pass.
import type { Bytes } from '../base/bytes.ts'
import { WireError } from './errors.ts'

export interface StructureLimits {
  readonly depthMax: number
  readonly itemsMax: number
}

const UINT = 0
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const SIMPLE = 7
const FALSE_TRUE_NULL = [20, 21, 22]

/** Throws WireError `WIRE_MALFORMED`. */
export function checkStructure(bytes: Bytes, limits: StructureLimits): void {
  // How many items each open list or map still needs.
  const open: number[] = [1]
  let position = 0
  let items = 0
  while (open.length > 0) {
    const left = open[open.length - 1] ?? 0
    if (left === 0) {
      open.pop()
      continue
    }
    open[open.length - 1] = left - 1
    items += 1
    if (items > limits.itemsMax) throw malformed(position, `more than ${limits.itemsMax} items`)
    const head = readHead(bytes, position)
    position = head.next
    if (head.major === BYTES || head.major === TEXT) {
      if (head.value > bytes.byteLength - position) throw malformed(position, 'cut off')
      position += head.value
    } else if (head.major === LIST || head.major === MAP) {
      if (open.length > limits.depthMax) throw malformed(position, `nested deeper than ${limits.depthMax}`)
      open.push(head.major === MAP ? head.value * 2 : head.value)
    }
  }
  if (position !== bytes.byteLength) throw malformed(position, 'bytes after the end')
}

interface Head {
  readonly major: number
  readonly value: number
  readonly next: number
}

function readHead(bytes: Bytes, position: number): Head {
  const first = bytes[position]
  if (first === undefined) throw malformed(position, 'cut off')
  const major = first >> 5
  const minor = first & 31
  if (major === SIMPLE) {
    if (!FALSE_TRUE_NULL.includes(minor)) throw malformed(position, 'a type that no message uses')
    return { major, value: 0, next: position + 1 }
  }
  if (major !== UINT && major !== BYTES && major !== TEXT && major !== LIST && major !== MAP) {
    throw malformed(position, 'a type that no message uses')
  }
  if (minor < 24) return { major, value: minor, next: position + 1 }
  if (minor > 27) throw malformed(position, 'an indefinite or reserved length')
  const width = 1 << (minor - 24)
  if (position + 1 + width > bytes.byteLength) throw malformed(position, 'cut off')
  // Precision beyond 2^53 does not matter: as a length it is far outside of any message.
  let value = 0
  for (let i = 1; i <= width; i++) value = value * 256 + (bytes[position + i] ?? 0)
  return { major, value, next: position + 1 + width }
}

function malformed(position: number, what: string): WireError {
  return new WireError('WIRE_MALFORMED', `not a message: ${what} at byte ${position}`, { data: { position } })
}
