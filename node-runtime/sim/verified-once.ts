// A signature that one simulated node has made or checked is not computed again for the others: the answer is remembered
// for exactly the same key, message and signature, so every node gets the answer it would have computed. Ed25519 is the
// largest single cost of a run, and all nodes of a run are one process. Only the program that runs seeds does this.
import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const REMEMBERED_MAX = 20_000

/** From now on, in this process or thread. */
export function verifyOnce(): void {
  const { sign, verify } = crypto
  const names = new WeakMap<KeyObject, string>()
  const answers = new Map<string, boolean>()
  // Of both halves of a pair.
  const nameOf = (key: KeyObject) => {
    const known = names.get(key)
    if (known !== undefined) return known
    const name = text(publicBytes(key))
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
  Object.assign(crypto, { sign: signing, verify: verifying })
  syncBuiltinESMExports()
}

function publicBytes(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? crypto.createPublicKey(key) : key
  return half.export({ format: 'der', type: 'spki' })
}

/** With its length, so that no two pairs of texts can be taken for each other. */
function text(bytes: Uint8Array): string {
  return `${bytes.byteLength}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')}`
}
