// Long JSON in turns: one long text at a time, a step of it a turn of the event loop. Short ones are read at once.
import { setImmediate as turn } from 'node:timers/promises'
import { type Bytes, fromUtf8 } from '../../../base/bytes.ts'
import { ServerError } from '../../errors.ts'
import { JSON_STEP_BYTES, JSON_WAITING_MAX, JSON_WAITING_PER_KEY_MAX } from '../../limits.ts'
import { type JsonReading, parseJson, scanned, scanOf } from './json.ts'
import { JsonScan } from './scan.ts'

export class JsonReader {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #answers = 0
  readonly #waitingOfKeys = new Map<string, number>()

  /** Throws ServerError: BAD_REQUEST, and BUSY where too many long ones wait, of all or of this key. */
  async read(bytes: Bytes, reading: JsonReading = {}, keyId?: string): Promise<unknown> {
    if (bytes.length <= JSON_STEP_BYTES) return parseJson(bytes, reading)
    if (this.#waiting >= JSON_WAITING_MAX) {
      throw new ServerError('BUSY', `${JSON_WAITING_MAX} long bodies wait to be read; try again later`)
    }
    const scan = scanOf(bytes, reading)
    await this.#countedFor(keyId, () => this.#inTurns(scan))
    return scanned(bytes, scan.cuts)
  }

  /**
   * Before anything is done of which an answer comes: throws ServerError BUSY where too many long ones wait to be looked over,
   * as what is done then has to be answered.
   */
  requireRoom(): void {
    if (this.#answers >= JSON_WAITING_MAX) {
      throw new ServerError('BUSY', `${JSON_WAITING_MAX} long answers wait to be sent; try again later`)
    }
  }

  /** The bytes as JSON text to be put into a response as they are; undefined when they are no JSON. */
  async textOf(bytes: Bytes): Promise<string | undefined> {
    try {
      const text = fromUtf8(bytes)
      if (bytes.length <= JSON_STEP_BYTES) JSON.parse(text)
      else await this.#answerInTurns(bytes)
      return text
    } catch {
      // Not UTF-8 or not JSON: the caller says so.
      return undefined
    }
  }

  async #answerInTurns(bytes: Bytes): Promise<void> {
    this.#answers += 1
    try {
      await this.#inTurns(new JsonScan(bytes, NO_RULES))
    } finally {
      this.#answers -= 1
    }
  }

  async #countedFor(keyId: string | undefined, work: () => Promise<void>): Promise<void> {
    if (keyId === undefined) return work()
    const before = this.#waitingOfKeys.get(keyId) ?? 0
    if (before >= JSON_WAITING_PER_KEY_MAX) {
      throw new ServerError('BUSY', `${before} long bodies of this key wait to be read; try again later`)
    }
    this.#waitingOfKeys.set(keyId, before + 1)
    try {
      await work()
    } finally {
      const left = (this.#waitingOfKeys.get(keyId) ?? 0) - 1
      if (left > 0) this.#waitingOfKeys.set(keyId, left)
      else this.#waitingOfKeys.delete(keyId)
    }
  }

  async #inTurns(scan: JsonScan): Promise<void> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    this.#waiting += 1
    try {
      await before
      while (!scan.step()) await turn()
    } finally {
      this.#waiting -= 1
      resolve()
    }
  }
}

/** What a guest answers may have as much as it likes, and be as deep as a short one can: nothing is made of it here. */
const NO_RULES = {
  depthMax: JSON_STEP_BYTES,
  valuesMax: Number.POSITIVE_INFINITY,
  bytesMax: 0,
  rawAt: [],
}
