// Whether a router is seen as what it is. Where the system filters what crosses a bridge (Docker has it do so), a rule for other
// packets of the same addresses, as an engine that was killed leaves, changes those that never leave the bridge: all routers
// would have the address of the engine's machine, and the NAT would be another one than was asked for.
import { DriverError } from '../../errors.ts'
import { type ExecOutcome, execIn } from '../container/exec-in.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { IMAGE_NODE } from '../image/image-files.ts'
import { ASKED_PORT, askedCommand, askedPackets } from './nat-containers.ts'
import type { NatTools } from './nat-tools.ts'

interface OnNetwork {
  /** Of the container. */
  readonly id: string
  /** Its address on the outer network. */
  readonly host: string
}

interface SeenParts {
  readonly engine: EngineClient
  readonly outer: string
  readonly outerSubnet: string
  readonly boot: OnNetwork
  readonly tools: NatTools
}

/** How the connection ends does not matter: what came is counted by the router. */
const ASK = (host: string) =>
  `const s = require('node:net').connect({ host: '${host}', port: ${ASKED_PORT}, timeout: 2000 }); s.on('timeout', () => s.destroy()); s.on('connect', () => s.destroy()); s.on('error', () => {})`

/** Throws DriverError TOPOLOGY_UNAVAILABLE: where the router sees the boot node under another address, and where it sees nothing of it. */
export async function assertSeenAsIs(
  { engine, outer, outerSubnet, boot, tools }: SeenParts,
  router: OnNetwork,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const asked = await execIn(engine, boot.id, [IMAGE_NODE, '-e', ASK(router.host)], { signal })
  const { output } = await execIn(engine, router.id, askedCommand(tools.program), { signal })
  const { fromBoot, fromOthers } = askedPackets(output)
  if (fromOthers === 0 && fromBoot > 0) return
  if (fromOthers === 0) throw nothingSeen(outer, router.host, asked)
  const message =
    `topology nat cannot be made in this engine: its machine translates the addresses of what crosses the network ${outer} ` +
    `(${outerSubnet}), so that others would not see the router of a node. \`iptables -t nat -S POSTROUTING\` there has the rule, mostly one ` +
    'of a network that is gone: remove it, or run again where the engine takes other addresses each time'
  throw new DriverError('TOPOLOGY_UNAVAILABLE', message, { data: { network: outer, subnet: outerSubnet } })
}

function nothingSeen(network: string, host: string, { exitCode, output }: ExecOutcome): DriverError {
  const said = output.trim()
  const message =
    `topology nat cannot be made in this engine: nothing that the boot node sends to a router (${host}) on the network ${network} ` +
    `gets there; what sends it ended with exit code ${exitCode}${said === '' ? '' : `: ${said}`}`
  return new DriverError('TOPOLOGY_UNAVAILABLE', message, { data: { network } })
}
