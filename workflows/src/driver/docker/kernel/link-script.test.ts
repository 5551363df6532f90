import { expect, test } from 'vitest'
import { linkScript, refusalOf } from './link-script.ts'

const ALL = { filter: true, chance: true, reset: true, rate: true, netem: true } as const
const NO_NETEM = { ...ALL, netem: 'Specified qdisc kind is unknown.' } as const
const addresses = (node: string) => (node === 'b' ? ['172.18.0.3', 'fd00::3'] : [])
const linesOf = (text: string) => text.split('\n').map((line) => line.trim())

test('what passes between two nodes is dropped by the addresses of the other, HTTP and the rest pass', () => {
  const { nft, tc } = linkScript([{ direction: 'out', blocked: true, peers: ['b'] }], addresses, NO_NETEM)
  expect(tc).toEqual([])
  expect(linesOf(nft)).toEqual([
    'table inet calbox',
    'delete table inet calbox',
    'table inet calbox {',
    'chain in {',
    'type filter hook input priority 0; policy accept;',
    'iifname "lo" accept',
    'tcp dport 2528 accept',
    'ip saddr 172.18.0.3 accept',
    'ip6 saddr fd00::3 accept',
    'accept',
    '}',
    'chain out {',
    'type filter hook output priority 0; policy accept;',
    'oifname "lo" accept',
    'tcp sport 2528 accept',
    'ip daddr 172.18.0.3 counter drop',
    'ip daddr 172.18.0.3 accept',
    'ip6 daddr fd00::3 counter drop',
    'ip6 daddr fd00::3 accept',
    'accept',
    '}',
    '}',
    '',
  ])
})

test('rules about one node and about all add up for that node, and each has a queue of its own', () => {
  const rules = [
    { direction: 'out', delayMs: 100 },
    { direction: 'out', delayMs: 50, jitterMs: 20, bytesPerSecond: 1000, peers: ['b'] },
  ] as const
  const { nft, tc } = linkScript(rules, addresses, ALL)
  expect(tc).toEqual([
    'qdisc add dev DEV root handle 1: htb',
    'class add dev DEV parent 1: classid 1:1 htb rate 8000bit',
    'qdisc add dev DEV parent 1:1 handle 101: netem limit 100000 delay 160ms 10ms',
    'class add dev DEV parent 1: classid 1:3 htb rate 40gbit',
    'qdisc add dev DEV parent 1:3 handle 103: netem limit 100000 delay 100ms',
  ])
  expect(linesOf(nft)).toEqual(
    expect.arrayContaining(['ip daddr 172.18.0.3 meta priority set 1:1', 'meta priority set 1:3']),
  )
})

test('loss is drawn by netem where the kernel has it, else by nft', () => {
  const rules = [{ direction: 'out', lossPercent: 10 }] as const
  expect(linkScript(rules, addresses, ALL).tc.at(-1)).toMatch(/loss 10%$/)
  const { nft, tc } = linkScript(rules, addresses, NO_NETEM)
  expect([linesOf(nft).includes('numgen random mod 1000000 < 100000 counter drop'), tc]).toEqual([true, []])
})

test('what the kernel cannot do is refused with what its tool says', () => {
  expect(refusalOf({ direction: 'out', delayMs: 5 }, NO_NETEM)).toMatch(/no netem \(Specified qdisc/)
  expect(refusalOf({ direction: 'in', delayMs: 5 }, ALL)).toMatch(/only what a node sends/)
  expect(refusalOf({ direction: 'both', blocked: true }, { ...ALL, filter: 'exit code 127' })).toMatch(
    /no packet filter/,
  )
  expect(refusalOf({ direction: 'out', resetPercent: 5 }, { ...ALL, reset: 'no' })).toMatch(/resets no/)
  expect(refusalOf({ direction: 'out', lossPercent: 5 }, NO_NETEM)).toBeUndefined()
  expect(refusalOf({ direction: 'out', bytesPerSecond: 5 }, NO_NETEM)).toBeUndefined()
})
