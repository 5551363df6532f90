import { expect, it } from 'vitest'
import { placeContainer, routerContainer, routerRules } from './nat-containers.ts'

const NETS = { inner: '172.18.0.0/16', outer: '172.17.0.0/16' }

it.each(['nft', 'iptables'] as const)(
  '%s: only symmetric NAT takes other ports, and all else of a node goes nowhere',
  (program) => {
    const [cone, symmetric] = (['cone', 'symmetric'] as const).map((mode) =>
      routerRules(mode, program, NETS).join('\n'),
    )
    expect(symmetric).toMatch(/fully-random|--random-fully/)
    expect(cone).not.toContain('random')
    expect(cone).toMatch(/policy drop|-P FORWARD DROP/)
    expect(cone).toMatch(/172\.18\.0\.0\/16.*172\.17\.0\.0\/16/)
  },
)

it('routers and places have rights over their own network, and a node is published on the loopback address only', () => {
  const part = { image: 'i', labels: {}, network: 'n' }
  const place = placeContainer(part, { name: 'n-1', hostPort: 2528 })
  for (const { HostConfig } of [routerContainer(part), place]) {
    expect(HostConfig).toMatchObject({ CapDrop: ['ALL'], CapAdd: ['NET_ADMIN', 'NET_RAW'], ReadonlyRootfs: true })
  }
  expect(place.HostConfig.PortBindings).toEqual({ '2528/tcp': [{ HostIp: '127.0.0.1', HostPort: '2528' }] })
})
