// JSON looked over without making anything of it: whether it is JSON, how deep and how much, and where those values stand
// that are not to become numbers or objects. In steps, so that a long text leaves others their turn in between.
import { type Bytes, bufferOf } from '../../../base/bytes.ts'
import { ServerError } from '../../errors.ts'
import { JSON_INTEGER_WEIGHT, JSON_STEP_BYTES } from '../../limits.ts'
import { tooDeep } from './nesting.ts'
import { escapeEnd, isNumberByte, isSpace, LITERALS, numberEnd } from './tokens.ts'

export interface ScanRules {
  readonly depthMax: number
  /** Values and keys together, without what is left raw. */
  readonly valuesMax: number
  /** Numbers of up to three digits that are not counted: lists of bytes come as these. */
  readonly bytesMax: number
  /** Keys from the outermost object to a value that is left as it is, whatever is in it; none where empty. */
  readonly rawAt: readonly string[]
}

/** A value in the text. */
export interface Cut {
  readonly from: number
  readonly to: number
  /** What `rawAt` leads to. Otherwise an integer beyond 2^53. */
  readonly isRaw: boolean
}

const INTEGER = /^-?\d+$/
/** No shorter integer is beyond 2^53. */
const LARGE_CHARS = 16
/** Of a byte in a list. */
const BYTE_CHARS = 3
/** Of one character of a key: `\u0061`. */
const ESCAPED_CHARS = 6

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or the end of it' | 'nothing more'

export class JsonScan {
  /** In the order of the text. */
  readonly cuts: Cut[] = []
  readonly #bytes: Bytes
  readonly #rules: ScanRules
  #at = 0
  #expected: Expected = 'value'
  /** Of each list or object that is open, whether it is an object. */
  readonly #open: boolean[] = []
  /** Where the string begins that is not over yet, or -1. */
  #stringFrom = -1
  #valuesLeft: number
  #bytesLeft: number
  /** How many of the open objects, from the outermost, lie on the way of `rawAt`. */
  #onTheWay = 0
  /** The key of the value that comes is the next of `rawAt`. */
  #leadsOn = false
  /** Where the raw value begins that is not over yet, or -1; and what is open around it. */
  #rawFrom = -1
  #rawDepth = 0

  constructor(bytes: Bytes, rules: ScanRules) {
    this.#bytes = bytes
    this.#rules = rules
    this.#valuesLeft = rules.valuesMax
    this.#bytesLeft = rules.bytesMax
  }

  /** The next part of the text. True when that was the last. Throws ServerError BAD_REQUEST for what breaks a rule or is no JSON. */
  step(): boolean {
    const until = Math.min(this.#at + JSON_STEP_BYTES, this.#bytes.length)
    while (this.#at < until) {
      if (this.#stringFrom >= 0) this.#string(until)
      else this.#token()
    }
    if (this.#at < this.#bytes.length) return false
    if (this.#expected !== 'nothing more') throw this.#wrong()
    return true
  }

  #token(): void {
    const byte = this.#bytes[this.#at] ?? 0
    if (isSpace(byte)) {
      this.#at += 1
      return
    }
    switch (this.#expected) {
      case 'value or ]':
        if (byte === BRACKET_END) this.#close()
        else this.#value(byte)
        return
      case 'value':
        this.#value(byte)
        return
      case 'key or }':
      case 'key':
        if (byte === QUOTE) this.#stringFrom = this.#at++
        else if (byte === BRACE_END && this.#expected === 'key or }') this.#close()
        else throw this.#wrong()
        return
      case ':':
        if (byte !== COLON) throw this.#wrong()
        this.#at += 1
        this.#expected = 'value'
        return
      case 'nothing more':
        throw this.#wrong()
      default:
        this.#next(byte)
    }
  }

  /** Behind a value in a list or an object. */
  #next(byte: number): void {
    const isObject = this.#open.at(-1) === true
    if (byte === COMMA) {
      this.#at += 1
      this.#expected = isObject ? 'key' : 'value'
    } else if (byte === (isObject ? BRACE_END : BRACKET_END)) this.#close()
    else throw this.#wrong()
  }

  #value(byte: number): void {
    const from = this.#at
    const leadsOn = this.#leadsOn
    this.#leadsOn = false
    if (leadsOn && this.#onTheWay === this.#rules.rawAt.length) {
      this.#rawFrom = from
      this.#rawDepth = this.#open.length
    }
    if (byte === BRACKET || byte === BRACE) {
      this.#count(1)
      this.#openOne(byte === BRACE, leadsOn)
    } else if (byte === QUOTE) {
      this.#count(1)
      this.#stringFrom = this.#at++
    } else if (isNumberByte(byte)) this.#number(from)
    else {
      const literal = LITERALS.find((each) => each[0] === byte)
      if (!literal?.every((each, index) => this.#bytes[from + index] === each)) throw this.#wrong()
      this.#count(1)
      this.#at += literal.length
      this.#ended()
    }
  }

  #openOne(isObject: boolean, leadsOn: boolean): void {
    const { depthMax } = this.#rules
    if (this.#open.length === depthMax) {
      throw tooDeep(depthMax)
    }
    if (isObject && (leadsOn || this.#open.length === 0)) this.#onTheWay = this.#open.length + 1
    this.#open.push(isObject)
    this.#at += 1
    this.#expected = isObject ? 'key or }' : 'value or ]'
  }

  #close(): void {
    this.#open.pop()
    this.#onTheWay = Math.min(this.#onTheWay, this.#open.length)
    this.#at += 1
    this.#ended()
  }

  #number(from: number): void {
    const end = numberEnd(this.#bytes, from)
    if (end === -1) throw this.#wrong()
    this.#at = end
    if (this.#rawFrom < 0) {
      const isLarge = end - from >= LARGE_CHARS && isLargeInteger(this.#text(from, end))
      if (isLarge) this.cuts.push({ from, to: end, isRaw: false })
      if (end - from <= BYTE_CHARS && this.#bytesLeft > 0) this.#bytesLeft -= 1
      else this.#count(isLarge ? JSON_INTEGER_WEIGHT : 1)
    }
    this.#ended()
  }

  /** On to its end, or as far as this step goes. */
  #string(until: number): void {
    const bytes = this.#bytes
    let at = this.#at
    while (at < until) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE) {
        this.#at = at + 1
        this.#stringEnded()
        return
      }
      const next = byte === BACKSLASH ? escapeEnd(bytes, at) : byte < 0x20 ? -1 : at + 1
      if (next === -1) break
      at = next
    }
    this.#at = at
    if (at < until) throw this.#wrong()
  }

  #stringEnded(): void {
    const from = this.#stringFrom
    this.#stringFrom = -1
    if (this.#expected === 'key' || this.#expected === 'key or }') this.#key(from)
    else this.#ended()
  }

  #key(from: number): void {
    this.#count(1)
    this.#expected = ':'
    const depth = this.#open.length
    const next = this.#rules.rawAt[depth - 1]
    if (depth !== this.#onTheWay || this.#rawFrom >= 0 || next === undefined) return
    if (this.#at - from > ESCAPED_CHARS * next.length + 2) return
    this.#leadsOn = JSON.parse(this.#text(from, this.#at)) === next
  }

  #ended(): void {
    this.#expected = this.#open.length === 0 ? 'nothing more' : ', or the end of it'
    if (this.#rawFrom < 0 || this.#open.length !== this.#rawDepth) return
    this.cuts.push({ from: this.#rawFrom, to: this.#at, isRaw: true })
    this.#rawFrom = -1
  }

  #count(weight: number): void {
    if (this.#rawFrom >= 0) return
    this.#valuesLeft -= weight
    if (this.#valuesLeft >= 0) return
    throw new ServerError('BAD_REQUEST', `the body has more than ${this.#rules.valuesMax} values`)
  }

  #text(from: number, to: number): string {
    return bufferOf(this.#bytes).toString('utf8', from, to)
  }

  #wrong(): ServerError {
    const at = this.#at
    const seen = at < this.#bytes.length ? `${shown(this.#bytes[at] ?? 0)} at byte ${at}` : 'its end'
    const expected = this.#stringFrom >= 0 ? 'the rest of a text' : this.#expected
    return new ServerError('BAD_REQUEST', `the body is not JSON: expected ${expected}, and there is ${seen}`)
  }
}

function isLargeInteger(text: string): boolean {
  return INTEGER.test(text) && !Number.isSafeInteger(Number(text))
}

function shown(byte: number): string {
  const isPrintable = byte > 0x20 && byte < 0x7f
  return isPrintable ? JSON.stringify(String.fromCharCode(byte)) : `0x${byte.toString(16).padStart(2, '0')}`
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BRACKET = 0x5b
const BACKSLASH = 0x5c
const BRACKET_END = 0x5d
const BRACE = 0x7b
const BRACE_END = 0x7d
