// Long JSON leaves others their turn.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { utf8 } from '../../../base/bytes.ts'
import { JSON_STEP_BYTES, JSON_WAITING_MAX, JSON_WAITING_PER_KEY_MAX } from '../../limits.ts'
import { JsonReader } from './reader.ts'

const text = (bytes: number) => utf8(`"${'a'.repeat(bytes - 2)}"`)

async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  let turns = 0
  for (; !isOver; turns += 1) await turn()
  await over
  return turns
}

test('a long body takes a turn for each step, and a short one none', async () => {
  const reader = new JsonReader()
  expect(await turnsDuring(reader.read(text(20 * JSON_STEP_BYTES)))).toBeGreaterThanOrEqual(19)
  expect(await turnsDuring(reader.read(text(JSON_STEP_BYTES)))).toBeLessThanOrEqual(1)
})

test('a text may end anywhere between two steps', async () => {
  const reader = new JsonReader()
  for (let pad = 0; pad < 16; pad += 1) {
    const body = `{"pad":"${'a'.repeat(JSON_STEP_BYTES - 24 + pad)}","\\u00e9":[-12.5e+3,true,{"é":"\\n"}],"b":18446744073709551615}`
    expect(JSON.stringify(await reader.read(utf8(body)))).toBe(
      body.replace('\\u00e9', 'é').replace('-12.5e+3', '-12500'),
    )
  }
})

test('several long ones are read one after the other', async () => {
  const reader = new JsonReader()
  const done: number[] = []
  const steps = [12, 3, 6]
  const all = steps.map(async (many) => {
    await reader.read(text(many * JSON_STEP_BYTES))
    done.push(many)
  })
  const turns = await turnsDuring(Promise.all(all))
  expect(done).toEqual(steps)
  expect(turns).toBeGreaterThanOrEqual(18)
})

test('one that is no JSON does not hold up the next', async () => {
  const reader = new JsonReader()
  const wrong = reader.read(utf8(`[${' '.repeat(2 * JSON_STEP_BYTES)}`))
  const right = reader.read(text(2 * JSON_STEP_BYTES))
  await expect(wrong).rejects.toThrow('not JSON')
  await expect(right).resolves.toHaveLength(2 * JSON_STEP_BYTES - 2)
})

test('while too many long answers wait to be looked over nothing is begun that needs one more', async () => {
  const reader = new JsonReader()
  const waiting = Array.from({ length: JSON_WAITING_MAX }, () => {
    reader.requireRoom()
    return reader.textOf(text(JSON_STEP_BYTES + 1))
  })
  expect(() => reader.requireRoom()).toThrow('long answers wait')
  await Promise.all(waiting)
  reader.requireRoom()
})

test('of long ones that wait there is a cap, and short ones are read all the same', async () => {
  const reader = new JsonReader()
  const waiting = Array.from({ length: JSON_WAITING_MAX }, () => reader.read(text(JSON_STEP_BYTES + 1)))
  await expect(reader.read(text(JSON_STEP_BYTES + 1))).rejects.toThrow('wait to be read')
  expect(await reader.read(utf8('1'))).toBe(1)
  await Promise.all(waiting)
  await expect(reader.read(text(JSON_STEP_BYTES + 1))).resolves.toBeTypeOf('string')
})

test('one key cannot have all places of those that wait', async () => {
  const reader = new JsonReader()
  const long = text(JSON_STEP_BYTES + 1)
  const waiting = Array.from({ length: JSON_WAITING_PER_KEY_MAX }, () => reader.read(long, {}, 'a'))
  await expect(reader.read(long, {}, 'a')).rejects.toThrow('of this key')
  await expect(reader.read(long, {}, 'b')).resolves.toBeTypeOf('string')
  await Promise.all(waiting)
  await expect(reader.read(long, {}, 'a')).resolves.toBeTypeOf('string')
})

test('what a guest answers is text where it is JSON, short or long', async () => {
  const reader = new JsonReader()
  for (const pad of ['', ' '.repeat(2 * JSON_STEP_BYTES)]) {
    const deep = `${'['.repeat(200)}${pad}${']'.repeat(200)}`
    expect(await reader.textOf(utf8(deep))).toBe(deep)
    expect(await reader.textOf(utf8(`[1,${pad}]`))).toBeUndefined()
    expect(await reader.textOf(Buffer.concat([utf8(pad), Uint8Array.of(0x22, 0xff, 0x22)]))).toBeUndefined()
  }
})
