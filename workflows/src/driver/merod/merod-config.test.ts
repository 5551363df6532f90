import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import type { ResolvedSpec } from '../state/spec-record.ts'
import { adjustMerodConfig, authModeIn, peerIdIn } from './merod-config.ts'

const CONFIG = `mode = "standard"

[identity]
peer_id = "12D3KooWone"
keypair = "23jh"

[swarm]
listen = ["/ip4/0.0.0.0/tcp/2428", "/ip4/0.0.0.0/udp/2428/quic-v1", "/ip6/::/tcp/2428"]

[server]
listen = ["/ip4/127.0.0.1/tcp/2528", "/ip6/::1/tcp/2528"]
auth_mode = "embedded"

[bootstrap]
nodes = ["/ip4/18.156.18.6/tcp/4001/p2p/12D3KooWpublic"]

[discovery]
mdns = false
external_address = []

[discovery.rendezvous]
namespace = "/calimero/devnet/global"
discovery_rpm = 0.5
registrations_limit = 3

[discovery.rendezvous.discovery_interval]
secs = 15
nanos = 0

[discovery.autonat]
weight = 1.0

[sync]
timeout_ms = 20000
session_deadline_ms = 18446744073709551

[datastore]
path = "data"
`

const SPEC: ResolvedSpec = {
  name: 'n1',
  rpcPort: 7000,
  swarmPort: 7001,
  dataDir: '/data/n1',
  logFile: '/data/n1/logs/n1.log',
  bootstrap: ['/ip4/127.0.0.1/tcp/7101/p2p/12D3KooWtwo'],
  runId: 'cb0123456789ab',
  mdns: false,
}

function read(text: string) {
  return parse(text, { integersAsBigInt: true })
}

const SIBLINGS = ['/ip4/127.0.0.1/tcp/7101/p2p/12D3KooWtwo', '/ip4/127.0.0.1/udp/7101/quic-v1/p2p/12D3KooWtwo']

test('ports, siblings, mdns and namespace are set; what else is there stays, with its type', () => {
  const adjusted = adjustMerodConfig(CONFIG, SPEC)
  const wanted = read(
    CONFIG.replaceAll('2428', '7001')
      .replaceAll('2528', '7000')
      .replace('["/ip4/18.156.18.6/tcp/4001/p2p/12D3KooWpublic"]', JSON.stringify(SIBLINGS))
      .replace('/calimero/devnet/global', 'calimero/merobox-tests/456789ab'),
  )
  expect(read(adjusted)).toEqual(wanted)
  expect(adjusted).toContain('weight = 1.0\n')
  expect(adjusted).toContain('session_deadline_ms = 18446744073709551\n')
  expect(adjustMerodConfig(adjusted, SPEC)).toBe(adjusted)
})

test('boot nodes of the file come first; those of merod stay only where they are asked for', () => {
  const more = { ...SPEC, bootstrapNodes: ['/dns4/boot/tcp/4001/p2p/12D3KooWboot'] }
  const nodesOf = (spec: ResolvedSpec) => read(adjustMerodConfig(CONFIG, spec)).bootstrap
  const quic = '/dns4/boot/tcp/4001/p2p/12D3KooWboot'
  expect(nodesOf(more)).toEqual({ nodes: [quic, ...SIBLINGS] })
  expect(nodesOf({ ...more, preserveDefaultBootstrap: true })).toEqual({
    nodes: ['/ip4/18.156.18.6/tcp/4001/p2p/12D3KooWpublic', quic, ...SIBLINGS],
  })
})

test('e2e mode sets the periods of synchronisation, mdns is what the spec says', () => {
  const adjusted = read(adjustMerodConfig(CONFIG, { ...SPEC, e2eMode: true, mdns: true }))
  expect(adjusted).toMatchObject({
    discovery: { mdns: true },
    sync: { timeout_ms: 30_000n, interval_ms: 500n, frequency_ms: 1_000n },
  })
})

test('sections that are not there are made', () => {
  const adjusted = read(adjustMerodConfig('[identity]\npeer_id = "x"\n', { ...SPEC, e2eMode: true }))
  expect(adjusted).toMatchObject({
    bootstrap: { nodes: SIBLINGS },
    discovery: { mdns: false, rendezvous: { namespace: 'calimero/merobox-tests/456789ab' } },
    sync: { interval_ms: 500n },
  })
})

test('identity and mode of authentication are read, and what is no TOML is refused', () => {
  expect([peerIdIn(CONFIG), authModeIn(CONFIG)]).toEqual(['12D3KooWone', 'embedded'])
  expect([peerIdIn(''), authModeIn('server = 1')]).toEqual([undefined, undefined])
  expect(() => peerIdIn('%%% not toml')).toThrow('Invalid TOML')
})
