// Inputs must get past what packs, sums and signs a bundle: else only zlib would be fuzzed.
import { expect, test } from 'vitest'
import type { Bytes } from '../../src/base/bytes.ts'
import { installMeter } from '../meter.ts'
import { runRound } from '../round.ts'
import { targetsWith } from '../targets.ts'

const INPUTS = 1000

const REASONS = [
  /cannot be unpacked/,
  /header at byte \d+ is damaged/,
  /cut off/,
  /extended headers is damaged/,
  /no manifest\.json/,
  /not JSON/,
  /not signed/,
  /signature is not that of its manifest/,
  /names another signer/,
  /manifest has no package/,
  /services has no name/,
  /not the file that was signed/,
  /ABI is no JSON object/,
]

test('bundles are refused for every reason, and some are taken', () => {
  const open = new Set(REASONS)
  let taken = 0
  const meter = installMeter()
  for (const target of targetsWith({}).filter(({ decoders }) => decoders.some((name) => name.includes('/bundle/')))) {
    const run = (input: Bytes): undefined => {
      try {
        target.run(input, { step: () => undefined })
      } catch (error) {
        for (const reason of open) if (reason.test(String(error))) open.delete(reason)
        throw error
      }
    }
    // Of what is changed: the seeds have reasons of their own.
    const inputs = Math.ceil(INPUTS * (target.share ?? 1))
    const of = { target: target.name, seed: 1, round: 0, inputs }
    taken += runRound({ ...target, run }, of, { meter }).accepted
  }
  meter.restore()
  expect([...open]).toEqual([])
  expect(taken).toBeGreaterThan(INPUTS / 20)
})
