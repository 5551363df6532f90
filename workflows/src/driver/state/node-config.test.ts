import { expect, test } from 'vitest'
import { adjustConfig } from './node-config.ts'

const CONFIG = `mode = "standard"

[identity]
peer_id = "12D3"

[swarm]
listen = [ "/ip4/0.0.0.0/tcp/2428", "/ip4/0.0.0.0/udp/2428/quic-v1" ]

[server]
auth_mode = "proxy"
listen = [
    "/ip4/127.0.0.1/tcp/2528",
    "/ip6/::1/tcp/2528",
]

[server.admin]
enabled = true

[bootstrap]
nodes = [ "/ip4/127.0.0.1/tcp/9999" ]

[discovery]
mdns = true
external_address = [ ]

[sync]
timeout_ms = 30000
interval_ms = 5_000
frequency_ms = 10000
`

test('ports, boot nodes and mdns are set, and nothing else changes', () => {
  const values = { rpcPort: 7000, swarmPort: 7001, mdns: false, bootNodes: ['/dns4/boot/tcp/4001'], eager: false }
  expect(adjustConfig(CONFIG, values)).toBe(
    CONFIG.replaceAll('2428', '7001')
      .replaceAll('2528', '7000')
      .replace('[ "/ip4/127.0.0.1/tcp/9999" ]', '["/dns4/boot/tcp/4001"]')
      .replace('mdns = true', 'mdns = false'),
  )
})

test('a config without these sections stays as it is', () => {
  const text = '[sync]\ntimeout_ms = 1\n[other]\ninterval_ms = 2\n'
  expect(adjustConfig(text, { rpcPort: 1, swarmPort: 2, mdns: true, bootNodes: [], eager: true })).toBe(text)
})

test('e2e mode makes synchronisation eager', () => {
  const values = { rpcPort: 2528, swarmPort: 2428, mdns: true, bootNodes: [], eager: true }
  expect(adjustConfig(CONFIG, values)).toContain('[sync]\ntimeout_ms = 30000\ninterval_ms = 500\nfrequency_ms = 1000\n')
})
