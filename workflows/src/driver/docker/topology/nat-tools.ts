// What routers in containers need, which the image of the node does not have: looked for on this machine, whose programs
// ../image/tools-image.ts makes an image of.
import { DriverError } from '../../errors.ts'
import type { NatProgram } from '../../topology/nat-plan.ts'
import { findProgram } from '../image/host-programs.ts'

export interface NatTools {
  readonly program: NatProgram
}

const ALWAYS = {
  ip: 'ip (package iproute2)',
  sh: 'sh',
  sleep: 'sleep (package coreutils)',
} as const

/** Throws DriverError TOPOLOGY_UNAVAILABLE with all that is missing. */
export async function natTools(): Promise<NatTools> {
  const missing: string[] = []
  for (const [name, described] of Object.entries(ALWAYS)) {
    if ((await findProgram(name)) === undefined) missing.push(described)
  }
  if ((await findProgram('ldd')) === undefined) missing.push('ldd (package libc-bin)')
  const rules = (await findProgram('nft')) ?? (await findProgram('iptables'))
  if (rules === undefined) missing.push('nft or iptables (package nftables or iptables)')
  if (rules !== undefined && missing.length === 0) {
    return { program: rules.name === 'nft' ? 'nft' : 'iptables' }
  }
  const message = `topology nat puts each node behind a router, whose programs come from this machine; it lacks ${missing.join(', ')}`
  throw new DriverError('TOPOLOGY_UNAVAILABLE', message, { data: { missing } })
}
