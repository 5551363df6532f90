// Part of the executor contract: what a guest learns, and what it can ask the host for.
import { describe, expect, it } from 'vitest'
import { concat, fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import type { GuestEnv } from '../guest-executor.ts'
import { call, ENV } from './executor-fixture.ts'
import type { Subject } from './executor-subject.ts'
import { text } from './executor-subject.ts'

export function surroundingsContract(subject: Subject): void {
  describe('surroundings', () => {
    it('are those of the job', async () => {
      const plain = (await subject.run(call('identity'))).value
      expect(toHex(plain?.subarray(0, 128) ?? utf8(''))).toBe(
        'c0'.repeat(32) + '01'.repeat(32) + '02'.repeat(32) + '03'.repeat(32),
      )
      expect(plain?.[128]).toBe(0)
      const origin = new Uint8Array(32).fill(5)
      const called = (await subject.run(call('identity', '', { env: { ...ENV, xcallOrigin: origin } }))).value
      expect(called?.[128]).toBe(1)
      expect(toHex(called?.subarray(129) ?? utf8(''))).toBe('05'.repeat(32))
    })

    it('give a time that only rises, and say where it ended', async () => {
      const outcome = await subject.run(call('times'))
      const view = Buffer.from(outcome.value ?? [])
      const stamps = [0, 8, 16].map((at) => view.readBigUInt64LE(at))
      expect(stamps).toEqual([ENV.timeNs, ENV.timeNs + 1000n, ENV.timeNs + 2000n])
      const last = stamps.at(-1) ?? 0n
      expect(outcome.timeNs).toBeGreaterThanOrEqual(last)
      expect(outcome.timeNs - last).toBeLessThan(31_000n)
      const next = await subject.run(call('times', '', { env: { ...ENV, timeNs: outcome.timeNs + 1n } }))
      const grain = (ns: bigint) => (ns * 65_536n) / 1_000_000_000n
      expect(grain(Buffer.from(next.value ?? []).readBigUInt64LE(0))).toBeGreaterThan(grain(last))
    })

    it('give random bytes, the same for the same seed', async () => {
      const draw = async (env: GuestEnv) => toHex((await subject.run(call('random', '', { env }))).value ?? utf8(''))
      const seeded = { ...ENV, randomSeed: utf8('seed') }
      expect(await draw(seeded)).toBe(await draw(seeded))
      expect(await draw(seeded)).not.toBe(await draw({ ...ENV, randomSeed: utf8('other') }))
      expect(await draw(ENV)).not.toBe(await draw(ENV))
    })

    it('record what the guest says and asks for', async () => {
      const outcome = await subject.run(call('speak'))
      expect(outcome.logs).toEqual(['hello ✓'])
      expect(outcome.events.map((event) => ({ ...event, data: fromUtf8(event.data) }))).toEqual([
        { kind: 'Plain', data: '{"a":1}' },
        { kind: 'Handled', data: '', handler: 'on_handled' },
        { kind: 'Unhandled', data: 'x' },
      ])
      expect(text(outcome.migrationWitness)).toBe('witness')
      expect(outcome.xcalls).toEqual([
        { contextId: new Uint8Array(32).fill(9), method: 'ping', params: new Uint8Array(utf8('{}')) },
      ])
    })

    it('record proposals under a new id', async () => {
      const outcome = await subject.run(call('propose'))
      expect(outcome.proposals).toEqual([{ id: outcome.value, actions: new Uint8Array(utf8('actions')) }])
      expect(outcome.approvals).toEqual([outcome.value])
    })

    it('have no network', async () => {
      const outcome = await subject.run(call('request'))
      expect(outcome.logs).toEqual(['1'])
      expect(text(outcome.value)).toMatch(/disabled/)
    })

    it('verify Ed25519 signatures, and trap on a key that is none', async () => {
      const key = signingKeyFromSeed(new Uint8Array(32).fill(4))
      const message = utf8('message')
      const publicKey = Buffer.from(key.publicKey, 'hex')
      const signed = concat([key.sign(message), publicKey, message])
      expect(text((await subject.run(call('verify', signed))).value)).toBe('1')
      expect(text((await subject.run(call('verify', concat([signed, utf8('!')])))).value)).toBe('0')
      const noKey = concat([key.sign(message), Uint8Array.of(2, ...new Uint8Array(31)), message])
      expect((await subject.run(call('verify', noKey))).error?.message).toMatch(/does not decode/)
    })

    it('answer about registers as the ABI says', async () => {
      expect(text((await subject.run(call('registers', 'four'))).value)).toBe('true 4 0 0 4')
    })
  })
}
