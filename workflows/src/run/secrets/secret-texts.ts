// Texts that no report may show, and everything that is said without them: the one place that every event, record and
// failure of a run goes through. So no message has to know what in it was substituted.
import { isJsonObject, type JsonValue, keysOf, objectOf } from '../../values/json/json-value.ts'
import { tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { pythonRepr } from '../../values/python/python-text.ts'
import { CUT_MARK } from '../../values/shortened.ts'
import {
  SECRET_CUT_MIN_CHARS,
  SECRET_HEAD_CHARS,
  SECRET_LINE_CHARS,
  SECRET_MIN_CHARS,
  SECRET_TEXTS_MAX,
  SECRET_WORD_CHARS,
} from '../limits.ts'

export const REDACTED = '(redacted)'

/** What it takes no secret to know. */
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'none', 'auto'])

/** Of events and records: what is no text for people, and what reports find their way by. */
const STRUCTURE: ReadonlySet<string> = new Set([
  'type',
  'kind',
  'outcome',
  'level',
  'phase',
  'during',
  'code',
  'operator',
  'file',
  'path',
  'runDir',
  'node',
])

/** Below these, keys are those of the application and of the file. */
const DATA: ReadonlySet<string> = new Set(['payload', 'captured'])

interface SecretText {
  readonly text: string
  /** It is found by this: a message may have cut the rest. */
  readonly head: string
}

export class SecretTexts {
  readonly #texts = new Map<string, SecretText>()
  /** One may begin with another: the longest first. Undefined: to be made anew. */
  #byLength: readonly SecretText[] | undefined

  /** Texts, those inside lists and maps, and those of JSON in a text. Too short ones are left: they are everywhere. */
  learn(value: JsonValue): void {
    if (typeof value === 'string') {
      this.#add(value)
      if (/^\s*[[{"]/.test(value)) {
        const inside = tryParseLosslessJson(value)
        if (inside !== undefined) this.learn(inside)
      }
    } else if (typeof value === 'number' || typeof value === 'bigint') this.#add(String(value))
    else if (Array.isArray(value)) for (const each of value) this.learn(each)
    else if (isJsonObject(value)) for (const key of keysOf(value)) this.learn(value[key] ?? null)
  }

  /** The same without them; itself where there are none in it. */
  redacted<Thing>(thing: Thing): Thing {
    if (this.#texts.size === 0) return thing
    // Texts become texts, and everything else stays.
    return this.#without(thing, { isData: false }) as Thing
  }

  #add(given: string): void {
    const text = given.trim()
    if (text.length < SECRET_MIN_CHARS || WORDS.has(text.toLowerCase())) return
    // Output of programs and logs is said line by line.
    const lines = text.includes('\n') ? text.split('\n').map((line) => line.trim()) : []
    for (const line of lines) if (line.length >= SECRET_LINE_CHARS) this.#addForms(line)
    this.#addForms(text)
  }

  #addForms(text: string): void {
    for (const form of formsOf(text)) {
      this.#texts.delete(form)
      const head = form.length >= 2 * SECRET_HEAD_CHARS ? form.slice(0, SECRET_HEAD_CHARS) : form
      this.#texts.set(form, { text: form, head })
    }
    this.#byLength = undefined
    for (const [oldest] of this.#texts) {
      if (this.#texts.size <= SECRET_TEXTS_MAX) break
      this.#texts.delete(oldest)
    }
  }

  #without(value: unknown, place: { readonly isData: boolean }): unknown {
    if (typeof value === 'string') return this.#inText(value)
    if (typeof value === 'number' || typeof value === 'bigint') {
      return place.isData && this.#texts.has(String(value)) ? REDACTED : value
    }
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#without(item, place))
      return items.some((item, at) => item !== value[at]) ? items : value
    }
    if (!isPlain(value)) return value
    const entries = keysOf(value).map((key) => {
      if (!place.isData && STRUCTURE.has(key)) return [key, value[key] ?? null] as const
      const inner = { isData: place.isData || DATA.has(key) }
      const name = place.isData ? this.#inText(key) : key
      return [name, this.#without(value[key], inner) as JsonValue] as const
    })
    const isSame = entries.every(([key, each]) => Object.hasOwn(value, key) && each === value[key])
    return isSame ? value : objectOf(entries)
  }

  #inText(text: string): string {
    let shown = text
    this.#byLength ??= [...this.#texts.values()].sort((a, b) => b.text.length - a.text.length)
    for (const secret of this.#byLength) if (shown.includes(secret.head)) shown = withoutText(shown, secret)
    return shown.includes(CUT_MARK) ? withoutCut(shown, this.#byLength) : shown
  }
}

/** As it stands in messages: itself, in JSON, in addresses, as Python writes it in lists and maps, and those in JSON. */
function formsOf(text: string): ReadonlySet<string> {
  const inJson = JSON.stringify(text).slice(1, -1)
  const inPython = pythonRepr(text).slice(1, -1)
  const twice = [inJson, inPython].map((form) => JSON.stringify(form).slice(1, -1))
  return new Set([text, inJson, inPython, encodeURIComponent(text.toWellFormed()), ...twice])
}

/**
 * Messages are cut where nobody knows what is secret. The mark of a cut tells where: what stands in front of it is left out
 * if a secret begins so.
 */
function withoutCut(text: string, secrets: readonly SecretText[]): string {
  const near = secrets.filter(({ text: secret }) => text.includes(secret.slice(0, SECRET_CUT_MIN_CHARS)))
  if (near.length === 0) return text
  const [first = '', ...rest] = text.split(CUT_MARK)
  let shown = ''
  let before = first
  for (const next of rest) {
    const cut = Math.min(...near.map(({ text: secret }) => cutOf(before, secret)))
    shown += `${cut < before.length ? `${before.slice(0, cut)}${REDACTED}` : before}${CUT_MARK}`
    before = next
  }
  return shown + before
}

/** Where the beginning of the secret stands with which the text ends; its length where it does not. */
function cutOf(text: string, secret: string): number {
  const head = secret.slice(0, SECRET_CUT_MIN_CHARS)
  const from = Math.max(0, text.length - secret.length + 1)
  for (let at = text.indexOf(head, from); at >= 0; at = text.indexOf(head, at + 1)) {
    const isWord = secret.length < SECRET_WORD_CHARS && isLetter(text[at - 1])
    if (!isWord && secret.startsWith(text.slice(at))) return at
  }
  return text.length
}

function withoutText(text: string, { text: secret, head }: SecretText): string {
  let shown = ''
  let from = 0
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, from)) {
    let end = at + head.length
    while (end - at < secret.length && text[end] === secret[end - at]) end += 1
    const isWord = secret.length < SECRET_WORD_CHARS && (isLetter(text[at - 1]) || isLetter(text[end]))
    shown += text.slice(from, at) + (isWord ? text.slice(at, end) : REDACTED)
    from = end
  }
  return shown + text.slice(from)
}

function isLetter(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char)
}

/** Not numbers that keep their text, which are instances. */
function isPlain(value: unknown): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
