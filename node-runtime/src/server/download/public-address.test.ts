import { expect, test } from 'vitest'
import { isPublicAddress } from './public-address.ts'

test('addresses of the internet are public', () => {
  for (const address of ['1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '223.255.255.255', '2606:4700::1111']) {
    expect([address, isPublicAddress(address)]).toEqual([address, true])
  }
})

test('addresses of this machine, of its networks, of tunnels and of nobody are not', () => {
  const four = ['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255']
  const more = ['192.0.2.1', '192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255']
  const six = ['::', '::1', '::ffff:127.0.0.1', '::ffff:1.1.1.1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254']
  const tunnels = ['64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', '2001:db8::1', 'ff02::1']
  for (const address of [...four, ...more, ...six, ...tunnels, '', 'localhost', '1.1.1', '0x7f.1']) {
    expect([address, isPublicAddress(address)]).toEqual([address, false])
  }
})
