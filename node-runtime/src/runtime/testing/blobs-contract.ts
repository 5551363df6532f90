// Part of the executor contract: blobs that guests write, read and announce.
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, type ContextId, idBytes, idFromBytes, parseHexId } from '../../base/ids.ts'
import { keyOf } from '../../store/keys.ts'
import type { GuestBlobs, GuestOutcome } from '../guest-executor.ts'
import { apply, CONTEXT, call, entry } from './executor-fixture.ts'
import { expectNoTrace, type Subject, text } from './executor-subject.ts'

const idOf = (content: string) => idFromBytes<BlobId>(sha256(sha256(utf8(content))))

export function blobsContract(subject: Subject): void {
  const stages = async () => (await subject.harness.blobDisk.folders()).filter((name) => name.startsWith('.'))
  const keep = async (blobs: GuestBlobs | undefined) => {
    for (const staged of blobs?.created ?? []) await subject.harness.blobs.keepStaged(staged)
  }
  const refer = (id: BlobId, contextId: ContextId) =>
    subject.harness.store.batch([
      { type: 'put', key: keyOf('blob', idBytes(id)), value: new Uint8Array(0) },
      { type: 'put', key: keyOf('blob', idBytes(id), idBytes(contextId)), value: new Uint8Array(0) },
    ])

  describe('a blob that a guest writes', () => {
    it('is staged with its id, and is the node’s once it is kept', async () => {
      const outcome = await subject.run(call('blob_put', 'content of a blob'))
      const id = idOf('content of a blob')
      expect(toHex(outcome.value ?? utf8(''))).toBe(id)
      expect(outcome.blobs?.created.map(({ manifest }) => manifest.id)).toEqual([id])
      expect(subject.harness.blobs.resolve(id)).toBeUndefined()
      await keep(outcome.blobs)
      expect(text(await subject.harness.blobs.bytes(id))).toBe('content of a blob')
      expect(await stages()).toEqual([])
    })

    it('may be larger than a chunk, and is read back in pieces', async () => {
      const outcome = await subject.run(call('blob_put_large'))
      await keep(outcome.blobs)
      const id = idFromBytes<BlobId>(outcome.value ?? utf8(''))
      expect(await subject.harness.blobs.bytes(id)).toHaveLength(4_000_000)
      expect(text((await subject.run(call('blob_sum', idBytes(id)))).value)).toBe('4000000 28000000')
    })

    it('can be read in the same call', async () => {
      const outcome = await subject.run(call('blob_read_back', 'written just now'))
      expect(text(outcome.value)).toBe('written just now')
      await keep(outcome.blobs)
    })

    it('leaves no trace when the call fails, is ended, or never closed it', async () => {
      const failed = await subject.run(call('blob_put_and_fail', 'gone'))
      expect(failed.error?.kind).toBe('guest_error')
      expectNoTrace(failed)
      expect(failed.blobs).toBeUndefined()
      const executor = subject.harness.executor({ timeLimitMs: 500 })
      const [spun] = await executor.run(subject.probe, { contextId: CONTEXT, generation: 0, staged: [] }, [
        call('blob_put_and_spin', 'gone, too'),
      ])
      expect(spun?.error?.kind).toBe('timeout')
      await executor.close()
      const open = await subject.run(call('blob_leave_open', 'no blob'))
      expect(open).toMatchObject({ status: 'ok' })
      expect(open.blobs).toBeUndefined()
      expect(await stages()).toEqual([])
    }, 60_000)
  })

  describe('a blob that a guest reads', () => {
    const sum = async (id: BlobId) => text((await subject.run(call('blob_sum', idBytes(id)))).value)

    it('is empty when it is not here', async () => {
      expect(await sum(idOf('never written'))).toBe('0 0')
    })

    it('is one of its context or an upload that its call names, never another context’s', async () => {
      const { id } = await subject.harness.blobs.put([utf8('\x01\x02')])
      expect(await sum(id)).toBe('2 3')
      await refer(id, parseHexId<ContextId>('dd'.repeat(32)))
      expect(await sum(id)).toBe('0 0')
      await refer(id, CONTEXT)
      expect(await sum(id)).toBe('2 3')
    })
  })

  describe('an announcement', () => {
    it('is recorded for the context', async () => {
      const { id } = await subject.harness.blobs.put([utf8('to be announced')])
      const outcome = await subject.run(call('blob_tell', idBytes(id)))
      expect(outcome.blobs).toEqual({ created: [], announced: [{ blobId: id, contextId: CONTEXT }] })
    })

    it('of a blob that is not here traps', async () => {
      const outcome = await subject.run(call('blob_tell', fromHex(idOf('unknown'))))
      expect(outcome.error?.message).toMatch(/cannot be announced/)
    })
  })

  it.each([
    ['blob_write_to_reader', /open for reading/],
    ['blob_read_from_writer', /open for writing/],
    ['blob_no_handle', /no blob handle 99/],
    ['too_many_blob_handles', /open blob handles/],
  ])('%s traps and leaves nothing', async (method, message) => {
    const outcome: GuestOutcome = await subject.run(call(method))
    expect([outcome.status, outcome.error?.message]).toEqual(['trap', expect.stringMatching(message)])
    expect(await stages()).toEqual([])
  })

  it('an apply cannot use blobs: it must not depend on who has which', async () => {
    const outcome = await subject.run(apply(concat([entry('blob', 'x')])))
    expect(outcome.error).toMatchObject({ kind: 'unsupported', message: expect.stringMatching(/applying a delta/) })
    expectNoTrace(outcome)
  })
}
