import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../base/bytes.ts'
import { FrameDecoder, framePrefix } from './frame-codec.ts'

describe('frame codec', () => {
  it('gives back the frames however the bytes are cut', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sent, cuts) => {
        const all = concat(sent.flatMap((frame) => [framePrefix(frame.byteLength), frame]))
        const decoder = new FrameDecoder(300)
        const got: string[] = []
        for (let at = 0, turn = 0; at < all.byteLength; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          for (const frame of decoder.push(all.subarray(at, at + size))) got.push(Buffer.from(frame).toString('hex'))
          at += size
        }
        expect(got).toEqual(sent.map((frame) => Buffer.from(frame).toString('hex')))
        expect(decoder.atBoundary).toBe(true)
      }),
    )
  })

  it('keeps a frame that comes byte by byte in one piece of memory, no larger than twice what has come', () => {
    const { alloc } = Buffer
    const sizes: number[] = []
    Buffer.alloc = (size) => {
      sizes.push(size)
      return alloc(size)
    }
    try {
      const decoder = new FrameDecoder(1 << 20)
      decoder.push(framePrefix(1 << 20))
      for (let byte = 0; byte < 5000; byte += 1) {
        decoder.push(Uint8Array.of(byte))
        expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.max(1024, 2 * (byte + 1)))
      }
      expect(sizes.length).toBeLessThan(8)
    } finally {
      Buffer.alloc = alloc
    }
  })

  it('writes the lengths of the largest frames in the unsigned varint form', () => {
    expect([0, 127, 128, 300, 4 * 1024 * 1024].map((n) => Buffer.from(framePrefix(n)).toString('hex'))).toEqual([
      '00',
      '7f',
      '8001',
      'ac02',
      '80808002',
    ])
  })

  it.each([
    ['over the limit', '8201', 'FRAME_TOO_LARGE'],
    ['an endless length', 'ffffffff', 'FRAME_INVALID'],
    ['a padded length', '8000', 'FRAME_INVALID'],
  ])('refuses %s before a byte of it is kept', (_, hex, code) => {
    const decoder = new FrameDecoder(129)
    expect(() => decoder.push(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code }))
  })

  it('knows that a frame is cut short', () => {
    const decoder = new FrameDecoder(10)
    decoder.push(Uint8Array.from([3, 1, 2]))
    expect(decoder.atBoundary).toBe(false)
  })
})
