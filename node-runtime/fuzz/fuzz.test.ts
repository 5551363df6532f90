// A slice of `npm run fuzz`: a thousand inputs of each target, of seeds that the encoders make.
import { afterAll, describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../src/base/bytes.ts'
import { installMeter } from './meter.ts'
import { judge } from './oracle.ts'
import { runRound } from './round.ts'
import type { Target } from './target.ts'
import { targetsWith } from './targets.ts'

const INPUTS = 1000
const meter = installMeter()
afterAll(() => meter.restore())

test.each(targetsWith({}))('$name survives what is made of valid bytes', (target) => {
  const inputs = Math.ceil(INPUTS * (target.share ?? 1))
  const report = runRound(target, { target: target.name, seed: 1, round: 0, inputs }, { meter })
  expect(report.failures).toEqual([])
  expect(report.inputs).toBe(inputs)
  // One that refuses everything, or takes everything, would be no test of the decoder.
  expect(Object.values(report.rejected).reduce((sum, count) => sum + count, report.accepted)).toBe(inputs)
})

describe('a decoder', () => {
  const sound: Target = {
    name: 'sound',
    decoders: [],
    codes: ['CODE'],
    format: 'binary',
    seeds: [utf8('seed')],
    run: (input) => input,
  }
  const flaws: Readonly<Record<string, Partial<Target>>> = {
    'throws something else': {
      run: (input) => {
        if (input[0] !== 0x73) throw new TypeError('no such thing')
        return input
      },
    },
    'encodes to other bytes': { run: (input) => input.subarray(0, 5) },
    'asks for memory before it looks': {
      run: (input) => input.fill(0, 0, Buffer.alloc((input[0] ?? 0) << 16).length & 0),
    },
    'works without end': {
      run(input, work) {
        while (input.byteLength !== 4) work.step()
        return input
      },
    },
    'changes its input': { run: (input) => input.fill(input[0] ?? 0, 1) && undefined },
    'changes every object': {
      run(input) {
        if (input.byteLength > 6) Object.assign(Object.prototype, { changed: true })
        return input
      },
    },
  }

  test.each(Object.entries(flaws))('that %s fails, with the smallest input that shows it', (_, flaw) => {
    const target = { ...sound, ...flaw }
    const report = runRound(target, { target: 'flawed', seed: 1, round: 0, inputs: 300 }, { meter })
    const [failure] = report.failures
    expect(failure).toBeDefined()
    const again = judge(target, Buffer.from(failure?.hex ?? '', 'hex'), meter)
    expect(again.kind).toBe('failed')
    expect((failure?.hex ?? '').length).toBeLessThanOrEqual(2 * 8)
  })

  test('gets the same inputs from the same seed', () => {
    const inputsOf = () => {
      const seen: string[] = []
      const run = (input: Uint8Array) => {
        seen.push(toHex(input))
        return input
      }
      runRound({ ...sound, format: 'cbor', run }, { target: 'sound', seed: 5, round: 3, inputs: 200 }, { meter })
      return seen
    }
    expect(inputsOf()).toEqual(inputsOf())
  })
})
