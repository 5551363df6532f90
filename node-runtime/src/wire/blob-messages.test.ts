import { describe, expect, test } from 'vitest'
import { concat } from '../base/bytes.ts'
import { blobRequestMessage, chunkFrame, decodeBlobFrame, encodeBlobAnswer } from './blob-messages.ts'
import { BLOB_CHUNK_BYTES_MAX } from './limits.ts'
import { idOf, plain } from './messages.fixture.ts'

describe('blob messages', () => {
  test.each([
    { t: 'open', scope: { t: 'context', id: idOf<never>('context') }, blobId: idOf<never>('blob') },
    { t: 'open', scope: { t: 'namespace', id: idOf<never>('namespace') }, blobId: idOf<never>('blob') },
    { t: 'chunk', index: 3 },
  ] as const)('a request comes back as it was: %o', (request) => {
    expect(blobRequestMessage.decode(blobRequestMessage.encode(request))).toEqual(request)
  })

  test.each([
    { t: 'manifest', size: 5, chunks: new Uint8Array(32) },
    { t: 'refused', code: 'busy', message: 'later' },
  ] as const)('an answer comes back as it was: %o', (answer) => {
    expect(plain(decodeBlobFrame(encodeBlobAnswer(answer)))).toEqual(plain(answer))
  })

  test('a chunk is in its frame as it is', () => {
    const frame = chunkFrame(concat([Uint8Array.of(0), Uint8Array.of(7, 8, 9)]))
    expect(decodeBlobFrame(frame)).toMatchObject({ t: 'chunk', bytes: Buffer.from([7, 8, 9]) })
  })

  test('everything else is refused', () => {
    const bad = [
      new Uint8Array(0),
      Uint8Array.of(2),
      Uint8Array.of(0),
      Uint8Array.of(0, 1, 2),
      chunkFrame(new Uint8Array(BLOB_CHUNK_BYTES_MAX + 2)),
    ]
    for (const frame of bad)
      expect(() => decodeBlobFrame(frame)).toThrow(expect.objectContaining({ name: 'WireError' }))
    const huge = { t: 'manifest', size: 5, chunks: new Uint8Array(32 * 1025) } as const
    expect(() => encodeBlobAnswer(huge)).toThrow()
  })
})
