// Names that clients give to what this node has.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toBase58 } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import { type Refusal, refusalsOf, type ServedNode, serve } from '../testing/served-node.ts'

const ALIAS = '/admin-api/alias'
const ID = toBase58(new Uint8Array(32).fill(7))
const OTHER = toBase58(new Uint8Array(32).fill(8))

let world: TestWorld
let node: ServedNode

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  node = await serve((await world.start('ada')).node)
})

afterAll(async () => {
  await node.close()
  await world.close()
})

const KINDS = [
  ['context', 'contextId', ''],
  ['application', 'applicationId', ''],
  ['identity', 'identity', `/${ID}`],
] as const

test.each(KINDS)('a name of kind %s is given, looked up, listed, kept and taken away', async (kind, field, place) => {
  const body = { alias: `my.${kind}`, [field]: ID }
  const list = `${ALIAS}/list/${kind}${place}`
  const ask = async (path: string, asking = {}) => {
    const { status, body: answer } = await node.post(path, asking)
    return [status, answer]
  }
  const lookUp = () => ask(`${ALIAS}/lookup/${kind}${place}/my.${kind}`, { text: 'null' })
  expect(await lookUp()).toEqual([200, { data: { value: null } }])
  expect((await node.get(list)).body).toEqual({ data: {} })
  expect(await ask(`${ALIAS}/create/${kind}${place}`, { body })).toEqual([200, { data: null }])
  expect(await ask(`${ALIAS}/create/${kind}${place}`, { body })).toEqual([409, { error: 'alias already exists' }])
  expect(await lookUp()).toEqual([200, { data: { value: ID } }])
  expect((await node.get(list)).body).toEqual({ data: { [`my.${kind}`]: ID } })
  for (const times of ['once', 'twice']) {
    expect([times, ...(await ask(`${ALIAS}/delete/${kind}${place}/my.${kind}`))]).toEqual([times, 200, { data: null }])
  }
  expect(await lookUp()).toEqual([200, { data: { value: null } }])
})

test('names of one kind, and of one context, are not those of another', async () => {
  await node.post(`${ALIAS}/create/context`, { body: { alias: 'one', contextId: ID } })
  await node.post(`${ALIAS}/create/identity/${ID}`, { body: { alias: 'one', identity: OTHER } })
  for (const [path, value] of [
    ['application/one', null],
    [`identity/${OTHER}/one`, null],
    [`identity/${ID}/one`, OTHER],
  ]) {
    expect((await node.post(`${ALIAS}/lookup/${path}`)).body).toEqual({ data: { value } })
  }
})

test('of two who ask for one name at the same time one gets it', async () => {
  const asked = [ID, OTHER].map((contextId) =>
    node.post(`${ALIAS}/create/context`, { body: { alias: 'raced', contextId } }),
  )
  expect((await Promise.all(asked)).map(({ status }) => status).sort()).toEqual([200, 409])
})

test('what is no name, no id or no kind is refused', async () => {
  const create = (body: object, says: string): Refusal => {
    return {
      why: JSON.stringify(body),
      method: 'POST',
      path: `${ALIAS}/create/context`,
      asking: { body },
      status: 400,
      says,
    }
  }
  const [seen, wanted] = await refusalsOf(node, [
    create({ contextId: ID }, 'body'),
    create({ alias: 'a' }, 'body'),
    create({ alias: '', contextId: ID }, 'body/alias'),
    create({ alias: 'a b', contextId: ID }, 'body/alias'),
    create({ alias: 'a'.repeat(51), contextId: ID }, 'body/alias'),
    create({ alias: 'a', contextId: 'abc' }, '32 bytes'),
    { why: 'kind', path: `${ALIAS}/list/blob`, status: 404, says: 'no route' },
  ])
  expect(seen).toEqual(wanted)
})
