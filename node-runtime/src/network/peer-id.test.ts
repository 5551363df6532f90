import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../base/keys.ts'
import { peerIdOfPublicKey, publicKeyOfPeer } from './peer-id.ts'

describe('peer ids', () => {
  it('are those of the library and give the key back', async () => {
    const seed = new Uint8Array(32).fill(9)
    const { publicKey } = signingKeyFromSeed(seed)
    const peer = peerIdOfPublicKey(publicKey)
    expect(peer).toBe((await generateKeyPairFromSeed('Ed25519', seed)).publicKey.toString())
    expect(publicKeyOfPeer(peer)).toBe(publicKey)
  })

  it.each(['', 'x', '0OIl', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', 'a'.repeat(1000)])(
    'refuses %j',
    (text) => {
      expect(() => publicKeyOfPeer(text)).toThrow(expect.objectContaining({ code: 'PEER_ID_INVALID' }))
    },
  )
})
