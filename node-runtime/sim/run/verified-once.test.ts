import { expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { KeyError, open, seal, signingKeyFromSeed, verify } from '../../src/base/keys.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { verifyOnce } from './verified-once.ts'

it('remembered answers are those that would have been computed', () => {
  verifyOnce()
  const [ann, bob] = [1, 2].map((byte) => signingKeyFromSeed(new Uint8Array(32).fill(byte)))
  if (!ann || !bob) throw new Error('two keys were expected')
  const message = utf8('message')
  const signature = ann.sign(message)
  const forged = Uint8Array.from(signature, (byte, index) => (index === 0 ? byte ^ 1 : byte))
  for (let round = 0; round < 2; round += 1) {
    expect(verify(ann.publicKey, message, signature)).toBe(true)
    expect(verify(bob.publicKey, message, signature)).toBe(false)
    expect(verify(ann.publicKey, utf8('another'), signature)).toBe(false)
    expect(verify(ann.publicKey, message, forged)).toBe(false)
  }
})

it('what was opened once opens again, and nothing else does', () => {
  verifyOnce()
  const [key, another] = [1, 2].map((byte) => new Uint8Array(32).fill(byte))
  if (!key || !another) throw new Error('two keys were expected')
  const sealed = seal(key, utf8('text'), utf8('header'), seededRandom('seal'))
  const forged = Uint8Array.from(sealed, (byte, index) => (index === sealed.byteLength - 1 ? byte ^ 1 : byte))
  for (let round = 0; round < 2; round += 1) {
    expect(fromUtf8(open(key, sealed, utf8('header')))).toBe('text')
    expect(() => open(another, sealed, utf8('header'))).toThrow(KeyError)
    expect(() => open(key, sealed, utf8('another'))).toThrow(KeyError)
    expect(() => open(key, forged, utf8('header'))).toThrow(KeyError)
  }
})
