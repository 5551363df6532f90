// What makes `nat` out of containers: requests and commands (pure). A router has a foot in the network of the boot node and one
// in that of its node, and translates addresses. A place holds the network of a node, whose containers come and go in it.
import type { NatMode, NatProgram } from '../../topology/nat-plan.ts'
import { CONTAINER_RPC_PORT } from '../image/image-archive.ts'
import { LABEL_TOPOLOGY } from '../labels.ts'

export interface Part {
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the engine, which it is made on. */
  readonly network: string
}

/** Their only process: whatever is to be done in them is a command of its own. */
const WAITS = ['/usr/bin/sleep', 'infinity']

/** Rights over its own network, and no others. Rules of iptables need those to see packets, too. */
const NETWORK_RIGHTS = ['NET_ADMIN', 'NET_RAW']

export function routerContainer({ image, labels, network }: Part) {
  return {
    ...waiting({ image, labels, role: 'router' }),
    HostConfig: { ...CONFINED, NetworkMode: network, Sysctls: { 'net.ipv4.ip_forward': '1' } },
  }
}

/** The HTTP port of the node is published here: the node is a container that has this one's network. */
export function placeContainer({ image, labels, network }: Part, node: { name: string; hostPort: number }) {
  const rpc = `${CONTAINER_RPC_PORT}/tcp`
  const published = [{ HostIp: '127.0.0.1', HostPort: node.hostPort === 0 ? '' : String(node.hostPort) }]
  return {
    ...waiting({ image, labels, role: 'place' }),
    Hostname: node.name.slice(0, 63),
    ExposedPorts: { [rpc]: {} },
    HostConfig: { ...CONFINED, NetworkMode: network, PortBindings: { [rpc]: published } },
  }
}

function waiting({ image, labels, role }: Omit<Part, 'network'> & { role: string }) {
  return { Image: image, User: '0:0', Cmd: WAITS, Labels: { ...labels, [LABEL_TOPOLOGY]: role } }
}

const CONFINED = {
  CapDrop: ['ALL'],
  CapAdd: NETWORK_RIGHTS,
  SecurityOpt: ['no-new-privileges'],
  ReadonlyRootfs: true,
  // The lock of iptables.
  Tmpfs: { '/run': '' },
  RestartPolicy: { Name: 'no' },
}

/** Nothing that a node sends goes through the machine of the engine: only through its router. */
export function placeRoute(router: string): readonly string[] {
  return ['/usr/bin/ip', 'route', 'replace', 'default', 'via', router]
}

export interface RouterNets {
  /** Of its node. */
  readonly inner: string
  /** Of the boot node and the other routers. */
  readonly outer: string
  /** Address of the boot node. */
  readonly boot: string
}

/** Where the boot node asks each router for what the router sees of it. Nothing listens there. */
export const ASKED_PORT = 9

/**
 * Out under the router's address, and to the outer network only; nothing in that was not asked for. Cone: from the same port
 * for every destination, as long as it is free. Symmetric: from another one for each.
 */
export function routerRules(mode: NatMode, program: NatProgram, { inner, outer, boot }: RouterNets): readonly string[] {
  const noWayOut = 'ip route del default || :'
  if (program === 'iptables') {
    const random = mode === 'symmetric' ? ' --random-fully' : ''
    const lines = [
      noWayOut,
      `iptables -w -t nat -A POSTROUTING -s ${inner} ! -d ${inner} -j MASQUERADE${random}`,
      'iptables -w -P FORWARD DROP',
      'iptables -w -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      `iptables -w -A FORWARD -s ${inner} -d ${outer} -j ACCEPT`,
      `iptables -w -A FORWARD -s ${inner} -j REJECT`,
      `iptables -w -A INPUT ! -s ${boot} -p tcp --dport ${ASKED_PORT}`,
      `iptables -w -A INPUT -s ${boot} -p tcp --dport ${ASKED_PORT}`,
    ]
    return ['/usr/bin/sh', '-ec', lines.join('\n')]
  }
  const rules = [
    'table ip calbox {',
    '  chain out {',
    '    type nat hook postrouting priority 100;',
    `    ip saddr ${inner} ip daddr != ${inner} masquerade${mode === 'symmetric' ? ' fully-random' : ''};`,
    '  }',
    '  chain through {',
    '    type filter hook forward priority 0; policy drop;',
    '    ct state established,related accept;',
    `    ip saddr ${inner} ip daddr ${outer} accept;`,
    `    ip saddr ${inner} reject;`,
    '  }',
    '  chain asked {',
    '    type filter hook input priority 0;',
    `    ip saddr != ${boot} tcp dport ${ASKED_PORT} counter;`,
    `    ip saddr ${boot} tcp dport ${ASKED_PORT} counter;`,
    '  }',
    '}',
  ]
  return ['/usr/bin/sh', '-ec', [noWayOut, "nft -f - << 'EOF'", ...rules, 'EOF', ''].join('\n')]
}

/** Says how many packets came to the port that only the boot node asks: from its address, and from others. */
export function askedCommand(program: NatProgram): readonly string[] {
  return program === 'nft'
    ? ['/usr/bin/nft', 'list', 'chain', 'ip', 'calbox', 'asked']
    : ['/usr/bin/iptables', '-w', '-nvxL', 'INPUT']
}

const OF_NFT = /ip saddr (?<not>!= )?[\d.]+ tcp .*counter packets (?<packets>\d+)/
const OF_IPTABLES = new RegExp(
  `^\\s*(?<packets>\\d+)\\s.*\\s(?<not>!)?[\\d.]+\\s+0\\.0\\.0\\.0/0\\s+tcp dpt:${ASKED_PORT}\\b`,
)

interface AskedPackets {
  readonly fromBoot: number
  readonly fromOthers: number
}

export function askedPackets(said: string): AskedPackets {
  const counts = said.split('\n').map((line) => (OF_NFT.exec(line) ?? OF_IPTABLES.exec(line))?.groups)
  const own = counts.find((count) => count !== undefined && count.not === undefined)
  const other = counts.find((count) => count?.not !== undefined)
  if (own === undefined || other === undefined) throw new Error(`no count of packets in ${said}`)
  return { fromBoot: Number(own.packets), fromOthers: Number(other.packets) }
}
