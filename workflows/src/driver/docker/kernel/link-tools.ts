// Runs nft and tc in the network of a container, from a container of its own that has the right to do so there, and nothing
// else: no other right, no file of anybody, and it is gone when they are done.
import { DriverError } from '../../errors.ts'
import { LINK_TOOLS_MS } from '../../limits.ts'
import { runOnce } from '../container/run-once.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { findProgram } from '../image/host-programs.ts'
import type { KernelAbilities, LinkScript } from './link-script.ts'

type Options = { readonly signal: AbortSignal }

export interface LinkToolsParts {
  readonly engine: EngineClient
  /** See ../image/tools-image.ts. */
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
}

/** `$1`: rules of nft, `$2`: lines of tc for each device. What was there before goes. */
const APPLY = `set -e
for path in /sys/class/net/*; do
  dev=\${path##*/}
  [ "$dev" = lo ] && continue
  command -v tc >/dev/null || break
  tc qdisc del dev "$dev" root 2>/dev/null || true
  printf '%s' "$2" | while read -r line; do
    [ -z "$line" ] || tc \${line%%DEV*}"$dev"\${line#*DEV}
  done
done
printf '%s' "$1" | nft -f -
`

/** Says a word for each thing that works in a network of its own, or `no`, the word, and what the tool says. */
const PROBE = `
tell() { if [ "$1" = 0 ]; then echo "$2"; else echo "no $2 $(printf '%s' "$3" | { read -r first; echo "$first"; })"; fi; }
try() {
  said=$(printf 'table inet try_%s {\\n chain c {\\n type filter hook output priority 0\\n %s\\n }\\n}\\n' "$1" "$2" | nft -f - 2>&1)
  tell $? "$1" "$said"
}
ask() { said=$(tc $2 2>&1); tell $? "$1" "$said"; }
try filter 'counter drop'
try chance 'numgen random mod 10 < 5 counter drop'
try reset 'meta l4proto tcp reject with tcp reset'
try priority 'meta priority set 1:1'
ask htb 'qdisc add dev lo root handle 1: htb'
ask rate 'class add dev lo parent 1: classid 1:1 htb rate 1mbit'
ask netem 'qdisc add dev lo parent 1:1 netem delay 1ms loss 1%'
`
const WORDS = ['filter', 'chance', 'reset', 'priority', 'htb', 'rate', 'netem'] as const

/** UNSUPPORTED where this machine has not what the image is made of. Without `tc` it can filter, and not delay. */
export async function assertTools(): Promise<void> {
  const missing: string[] = []
  for (const name of ['sh', 'nft']) if ((await findProgram(name)) === undefined) missing.push(name)
  if (missing.length === 0) return
  const message = `packets are filtered by programs of this machine, which lacks ${missing.join(', ')} (package nftables)`
  throw new DriverError('UNSUPPORTED', message, { data: { missing } })
}

export async function probeAbilities(parts: LinkToolsParts, options: Options): Promise<KernelAbilities> {
  const { stdout, stderr, exitCode } = await run(parts, 'none', ['-c', PROBE], options)
  const lines = stdout.split('\n').map((line) => line.trim())
  const has = (...words: readonly (typeof WORDS)[number][]) => words.every((word) => lines.includes(word))
  const why = (...words: readonly (typeof WORDS)[number][]) => {
    const said = words.map((word) => lines.find((line) => line.startsWith(`no ${word} `))?.slice(word.length + 4))
    return said.find((each) => each !== undefined) ?? (stderr.trim().split('\n')[0] || `exit code ${exitCode}`)
  }
  return {
    filter: has('filter') || why('filter'),
    chance: has('chance') || why('chance'),
    reset: has('reset') || why('reset'),
    rate: has('htb', 'rate', 'priority') || why('htb', 'rate', 'priority'),
    netem: has('htb', 'rate', 'priority', 'netem') || why('htb', 'rate', 'priority', 'netem'),
  }
}

/** ENGINE_FAILED with what the tools say. */
export async function applyScript(
  parts: LinkToolsParts,
  container: string,
  script: LinkScript,
  options: Options,
): Promise<void> {
  const tc = script.tc.map((line) => `${line}\n`).join('')
  const end = await run(parts, `container:${container}`, ['-c', APPLY, 'sh', script.nft, tc], options)
  if (end.exitCode === 0) return
  const reason = end.stderr.trim() || end.stdout.trim() || `exit code ${end.exitCode}`
  throw new DriverError('ENGINE_FAILED', `the network of a container cannot be changed: ${reason}`, {
    data: { reason },
  })
}

function run({ engine, image, labels }: LinkToolsParts, network: string, args: readonly string[], options: Options) {
  const body = {
    Image: image,
    Entrypoint: ['/usr/bin/sh'],
    Cmd: args,
    User: '0:0',
    Labels: labels,
    HostConfig: {
      NetworkMode: network,
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      RestartPolicy: { Name: 'no' },
    },
  }
  return runOnce(engine, body, { what: 'nft and tc', signal: options.signal, timeoutMs: LINK_TOOLS_MS })
}
