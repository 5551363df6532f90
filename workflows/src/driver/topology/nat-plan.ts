// Which commands make the namespaces of `nat`: a public segment with the boot node, and behind a router of its own each node.
// Pure; `network-namespaces.ts` runs them. Nothing is made in the machine's own namespace.
import { DriverError } from '../errors.ts'
import { NAT_NODES_MAX } from '../limits.ts'

export type NatMode = 'cone' | 'symmetric'
/** The programs of which one translates addresses. */
export type NatProgram = 'nft' | 'iptables'

export interface NamespaceCommand {
  /** Index of the namespace it runs in: 0 is the public one, then router and node of each. */
  readonly namespace: number
  readonly command: string
  readonly args: readonly string[]
  readonly stdin?: string
}

/** Of documentation (RFC 5737): it can be nobody's. */
const PUBLIC = '198.51.100'
export const BOOT_HOST = `${PUBLIC}.1`

export const routerOf = (node: number) => 1 + 2 * node
export const namespaceOf = (node: number) => 2 + 2 * node
const routerHost = (node: number) => `${PUBLIC}.${10 + node}`
export const nodeHost = (node: number) => `10.77.${node}.2`

/** `pids`: of processes that hold the namespaces, in their order. */
export function natPlan(
  count: number,
  mode: NatMode,
  program: NatProgram,
  pids: readonly number[],
): NamespaceCommand[] {
  if (count > NAT_NODES_MAX) {
    throw new DriverError('UNSUPPORTED', `topology nat has at most ${NAT_NODES_MAX} nodes here, not ${count}`)
  }
  const nodes = Array.from({ length: count }, (_, node) => node)
  const ip = (namespace: number, lines: readonly string[]): NamespaceCommand => ({
    namespace,
    command: 'ip',
    args: ['-batch', '-'],
    stdin: `${lines.join('\n')}\n`,
  })
  return [
    ip(0, [
      'link set lo up',
      'link add br0 type bridge',
      `addr add ${BOOT_HOST}/24 dev br0`,
      'link set br0 up',
      ...nodes.flatMap((node) => [
        `link add p${node} type veth peer name wan netns ${pids[routerOf(node)]}`,
        `link set p${node} master br0`,
        `link set p${node} up`,
      ]),
    ]),
    ...nodes.flatMap((node) => [
      ip(routerOf(node), [
        'link set lo up',
        `addr add ${routerHost(node)}/24 dev wan`,
        'link set wan up',
        `link add lan type veth peer name eth0 netns ${pids[namespaceOf(node)]}`,
        `addr add 10.77.${node}.1/24 dev lan`,
        'link set lan up',
      ]),
      translation(routerOf(node), mode, program),
      { namespace: routerOf(node), command: 'sysctl', args: ['-qw', 'net.ipv4.ip_forward=1'] },
      ip(namespaceOf(node), [
        'link set lo up',
        `addr add ${nodeHost(node)}/24 dev eth0`,
        'link set eth0 up',
        `route add default via 10.77.${node}.1`,
      ]),
    ]),
  ]
}

/**
 * Out under the router's address, nothing in that was not asked for. Cone: from the same port for every destination, as
 * long as it is free. Symmetric: from another one for each.
 */
function translation(namespace: number, mode: NatMode, program: NatProgram): NamespaceCommand {
  if (program === 'iptables') {
    const random = mode === 'symmetric' ? ['--random-fully'] : []
    const rule = ['iptables -t nat -A POSTROUTING -o wan -j MASQUERADE', ...random].join(' ')
    const closed = 'iptables -A FORWARD -i wan -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP'
    return { namespace, command: 'sh', args: ['-ec', `${rule}\n${closed}`] }
  }
  const rules = [
    'table ip calbox {',
    '  chain out {',
    '    type nat hook postrouting priority 100;',
    `    oifname "wan" masquerade${mode === 'symmetric' ? ' fully-random' : ''};`,
    '  }',
    '  chain through {',
    '    type filter hook forward priority 0;',
    '    iifname "wan" ct state established,related accept;',
    '    iifname "wan" drop;',
    '  }',
    '}',
  ]
  return { namespace, command: 'nft', args: ['-f', '-'], stdin: `${rules.join('\n')}\n` }
}
