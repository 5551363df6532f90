import { expect, it } from 'vitest'
import { utf8 } from '../src/base/bytes.ts'
import { signingKeyFromSeed, verify } from '../src/base/keys.ts'
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
