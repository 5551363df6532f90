import { expect, test } from 'vitest'
import { startedWith } from './start-settings.ts'

const settings = {
  server: { listen: ['/ip4/127.0.0.1/tcp/2528', '/ip6/::1/tcp/2528'], auth_mode: 'embedded' as const },
  swarm: { listen: ['/ip4/0.0.0.0/tcp/2428', '/ip4/0.0.0.0/udp/2428/quic-v1'] },
  discovery: { mdns: false },
}

test('without flags everything is as the config says', () => {
  expect(startedWith(settings, {})).toEqual(settings)
})

test('a host is the only one then, on the port of the config', () => {
  const started = startedWith(settings, { serverHost: '0.0.0.0', swarmHost: '::1' })
  expect([started.server, started.swarm.listen]).toEqual([
    { listen: ['/ip4/0.0.0.0/tcp/2528'], auth_mode: 'embedded' },
    ['/ip6/::1/tcp/2428'],
  ])
})

test('a port is that of every address, and a host may come with one', () => {
  expect(startedWith(settings, { serverPort: 1 }).server.listen).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1'])
  expect(startedWith(settings, { serverPort: 0, serverHost: '127.0.0.1' }).server.listen).toEqual([
    '/ip4/127.0.0.1/tcp/0',
  ])
  expect(startedWith(settings, { swarmPort: 5, mdns: true })).toMatchObject({
    swarm: { listen: ['/ip4/0.0.0.0/tcp/5', '/ip4/0.0.0.0/udp/2428/quic-v1'] },
    discovery: { mdns: true },
  })
})
