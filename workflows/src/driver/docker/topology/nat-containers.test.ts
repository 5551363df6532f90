import { expect, it } from 'vitest'
import { askedPackets, placeContainer, routerContainer, routerRules } from './nat-containers.ts'

const NETS = { inner: '172.18.0.0/16', outer: '172.17.0.0/16', boot: '172.17.0.2' }

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

it('what the boot node asks is counted under its address and under others, and a count that is not there is an error', () => {
  for (const program of ['nft', 'iptables'] as const) {
    const rules = routerRules('cone', program, NETS).join('\n')
    expect(rules).toMatch(/(saddr !=|! -s) 172\.17\.0\.2 .*dport 9\b/)
    expect(rules).toMatch(/(saddr|INPUT -s) 172\.17\.0\.2 .*dport 9\b/)
  }
  const nft =
    'chain asked {\n\t\tip saddr != 172.17.0.2 tcp dport 9 counter packets 3 bytes 180\n\t\tip saddr 172.17.0.2 tcp dport 9 counter packets 1 bytes 60\n\t}'
  const head =
    'Chain INPUT (policy ACCEPT 12 packets, 9 bytes)\n    pkts      bytes target     prot opt in     out     source               destination\n'
  const others =
    '       2      120            tcp  --  *      *      !172.17.0.2           0.0.0.0/0            tcp dpt:9\n'
  const own =
    '      40     2400            6    --  *      *       172.17.0.2           0.0.0.0/0            tcp dpt:9\n'
  expect(askedPackets(nft)).toEqual({ fromBoot: 1, fromOthers: 3 })
  expect(askedPackets(head + others + own)).toEqual({ fromBoot: 40, fromOthers: 2 })
  for (const said of ['', head + others, head + own]) expect(() => askedPackets(said)).toThrow('no count')
})
