// Which addresses a download may connect to: those of the public internet. What a client names must not reach the node's
// own machine, its network, or the services that clouds serve on addresses of their own.
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** IPv4 that is not public (RFC 6890 and what came after it). */
const PRIVATE_4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

/** Of the one public range of IPv6, 2000::/3: tunnels, which may lead to any IPv4, and examples. */
const PRIVATE_6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const blocked = new BlockList()
for (const [net, bits] of PRIVATE_4) blocked.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of PRIVATE_6) blocked.addSubnet(net, bits, 'ipv6')
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/** `address`: as the system writes it, without brackets. Anything else is not public. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !blocked.check(address, 'ipv4')
  // A zone (fe80::1%eth0) is of this machine's own networks.
  if (!isIPv6(address) || address.includes('%')) return false
  return global6.check(address, 'ipv6') && !blocked.check(address, 'ipv6')
}
