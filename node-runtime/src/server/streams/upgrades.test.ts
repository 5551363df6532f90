// How many WebSockets one key has.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { systemClock } from '../../base/clock.ts'
import { Feed } from '../../base/feed.ts'
import { silentLogger } from '../../base/log.ts'
import type { NodeEvent } from '../../context/ports.ts'
import { HeldBytes } from '../bodies/held-bytes.ts'
import { JsonReader } from '../formats/json/reader.ts'
import type { AccessGuard, NodeServices } from '../ports.ts'
import { Hub } from './hub.ts'
import { Keeper } from './keeper.ts'
import { Upgrades } from './upgrades.ts'

test('a key has only so many WebSockets, and others have theirs; when one ends there is room again', async () => {
  const feed = new Feed<NodeEvent>((error) => {
    throw error
  })
  const hub = new Hub(feed, { visible: (_watcher, topics) => topics, basisOf: () => feed, isAbout: () => false })
  const keeper = new Keeper({ clock: systemClock, log: silentLogger, revocations: undefined })
  const guard: AccessGuard = { check: async ({ url }) => ({ granted: true, keyId: url.slice('/ws?key='.length) }) }
  const node = {} as NodeServices
  const parts = { node, log: silentLogger, guard, json: new JsonReader(), held: new HeldBytes(), hub, keeper }
  const upgrades = new Upgrades({ ...parts, perKeyMax: 2 })
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', (request, socket, head) => void upgrades.answer(request, socket, head))
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  /** 101, or why not. */
  const connected = async (key: string) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws?key=${key}`)
    client.on('error', () => {})
    const status = await Promise.race([
      once(client, 'open').then(() => 101),
      once(client, 'unexpected-response').then(([, response]) => Number(response.statusCode)),
    ])
    return { client, status }
  }
  const first = await connected('a')
  const rest = [await connected('a'), await connected('a'), await connected('b')]
  expect([first, ...rest].map(({ status }) => status)).toEqual([101, 101, 503, 101])
  first.client.close()
  await expect.poll(() => upgrades.count).toBe(2)
  const again = await connected('a')
  expect(again.status).toBe(101)
  for (const { client } of [...rest, again]) client.terminate()
  upgrades.close()
  keeper.close()
  hub.close()
  await new Promise((resolve) => server.close(resolve))
})
