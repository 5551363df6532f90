// A signature that one simulated node has made or checked, and a sealed text that one has opened, is not computed again
// for the others: the answer is remembered for exactly the same key, message and signature, or key, nonce, associated data,
// text and tag, so every node gets the answer it would have computed. All nodes of a run are one process. Only the program
// that runs seeds does this.
import crypto, { type DecipherGCM, type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const REMEMBERED_MAX = 20_000
const OPENED_MAX = 4000
const EMPTY = Buffer.alloc(0)

/** From now on, in this process or thread. */
export function verifyOnce(): void {
  const { createDecipheriv, sign, verify } = crypto
  const names = new WeakMap<KeyObject, string>()
  const answers = new Map<string, boolean>()
  const opened = new Map<string, Buffer>()
  // Of both halves of a pair.
  const nameOf = (key: KeyObject) => {
    const known = names.get(key)
    if (known !== undefined) return known
    const name = text(key.type === 'secret' ? key.export() : publicBytes(key))
    names.set(key, name)
    return name
  }
  const remember = (id: string, answer: boolean) => {
    if (answers.size >= REMEMBERED_MAX) answers.clear()
    answers.set(id, answer)
    return answer
  }
  const signing = (algorithm: null, message: Buffer, key: KeyObject): Buffer => {
    const signature = sign(algorithm, message, key)
    remember(`${nameOf(key)} ${text(message)} ${text(signature)}`, true)
    return signature
  }
  const verifying = (algorithm: null, message: Buffer, key: KeyObject, signature: Buffer): boolean => {
    const id = `${nameOf(key)} ${text(message)} ${text(signature)}`
    return answers.get(id) ?? remember(id, verify(algorithm, message, key, signature))
  }
  const deciphering = (algorithm: 'aes-256-gcm', key: KeyObject, nonce: Buffer) =>
    new OpenedOnce(() => createDecipheriv(algorithm, key, nonce), `${algorithm} ${nameOf(key)} ${text(nonce)}`, opened)
  Object.assign(crypto, { createDecipheriv: deciphering, sign: signing, verify: verifying })
  syncBuiltinESMExports()
}

/** As much of a decipher as `keys.ts` uses, in its order. What does not open is asked anew each time. */
class OpenedOnce {
  readonly #begin: () => DecipherGCM
  readonly #opened: Map<string, Buffer>
  readonly #given: Buffer[] = []
  #id: string
  #real: DecipherGCM | undefined
  #text = Buffer.alloc(0)

  constructor(begin: () => DecipherGCM, id: string, opened: Map<string, Buffer>) {
    this.#begin = begin
    this.#id = id
    this.#opened = opened
  }

  setAAD(data: Buffer): this {
    return this.#take(data)
  }

  setAuthTag(tag: Buffer): this {
    return this.#take(tag)
  }

  update(data: Buffer): Buffer {
    this.#id += ` ${text(data)}`
    const known = this.#opened.get(this.#id)
    if (known) return Buffer.from(known)
    const [aad = EMPTY, tag = EMPTY] = this.#given
    this.#real = this.#begin().setAAD(aad).setAuthTag(tag)
    this.#text = this.#real.update(data)
    return this.#text
  }

  final(): Buffer {
    if (!this.#real) return EMPTY
    const rest = this.#real.final()
    if (this.#opened.size >= OPENED_MAX) this.#opened.clear()
    this.#opened.set(this.#id, Buffer.concat([this.#text, rest]))
    return rest
  }

  #take(data: Buffer): this {
    this.#given.push(data)
    this.#id += ` ${text(data)}`
    return this
  }
}

function publicBytes(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? crypto.createPublicKey(key) : key
  return half.export({ format: 'der', type: 'spki' })
}

/** With its length, so that no two pairs of texts can be taken for each other. */
function text(bytes: Uint8Array): string {
  return `${bytes.byteLength}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')}`
}
