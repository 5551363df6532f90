// Nodes in an engine on another machine: no folder of this one is there, so the data of each is in a volume of that engine, and
// HTTP is published on an address of that machine. Which volumes are whose stands in the folder where the data would be.
import { createHash } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { join } from 'node:path'
import { DriverError } from '../../errors.ts'
import { folderId } from '../../state/folder-id.ts'
import { type EngineAddress, isLocal } from '../engine/engine-address.ts'
import { EngineClient, engineStatus } from '../engine/engine-client.ts'
import { listOf, textField } from '../engine/engine-reply.ts'
import { LABEL_FOLDER, LABEL_NODE, LABEL_STATE } from '../labels.ts'

export interface FarEngine {
  /** Of that machine; HTTP of the nodes is there, and nowhere else. */
  readonly publishOn: string
  /** Named by whoever runs calbox: he knows who reaches it. */
  readonly isAsked: boolean
}

/** Beside the data that a node has here, if any. */
export const VOLUMES_FILE = 'volumes.json'

/** Undefined for an engine of this machine, unless an address is given, which says that it is none. */
export function farEngine(address: EngineAddress, nodeAddress: string | undefined): Promise<FarEngine> | undefined {
  if (nodeAddress === undefined) return isLocal(address) ? undefined : addressOfEngine(address)
  if (isIP(nodeAddress) > 0 && !isOfMany(nodeAddress)) {
    return Promise.resolve({ publishOn: nodeAddress, isAsked: true })
  }
  const message = `${nodeAddress} is no address where nodes can be reached; --node-address takes one IP address of the engine's machine`
  throw new DriverError('UNSUPPORTED', message)
}

async function addressOfEngine({ url }: EngineAddress): Promise<FarEngine> {
  const host = (URL.parse(url.replace(/^tcp:/, 'http:'))?.hostname ?? '').replace(/^\[|\]$/g, '')
  const { address } = await lookup(host)
  if (!isOfMany(address)) return { publishOn: address, isAsked: false }
  const message = `the engine is named by ${address}, which is no address of one machine; name it by another, or give --node-address`
  throw new DriverError('UNSUPPORTED', message)
}

/** Unspecified, where an engine publishes on all addresses it has; broadcast and multicast. */
const OF_MANY = new BlockList()
OF_MANY.addSubnet('0.0.0.0', 8, 'ipv4')
OF_MANY.addSubnet('224.0.0.0', 4, 'ipv4')
OF_MANY.addAddress('255.255.255.255', 'ipv4')
OF_MANY.addAddress('::', 'ipv6')
OF_MANY.addSubnet('ff00::', 8, 'ipv6')

/** However it is written: IPv4 in IPv6 is looked at as IPv4. */
function isOfMany(address: string): boolean {
  const [bare = ''] = address.split('%')
  return OF_MANY.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4')
}

/** Whoever reaches that address could use a node without a login. */
export function refuseOpen(far: FarEngine, spec: { readonly name: string; readonly authMode?: string }): void {
  if (far.isAsked || spec.authMode === 'embedded') return
  const message =
    `the engine is on another machine: HTTP of ${spec.name} would be open to all who reach ${far.publishOn}; ` +
    'set auth_mode: embedded, or, where that is a network of your own, say so with --node-address ' +
    far.publishOn
  throw new DriverError('UNSUPPORTED', message, { data: { node: spec.name } })
}

/** The same for each node of a working directory, as a folder would be; another one of that path, on another machine, has others. */
export function volumeName(stateDir: string, node: string): string {
  const folder = createHash('sha256').update(`${folderId(stateDir)} ${stateDir}`)
  return `calbox-${folder.digest('hex').slice(0, 12)}-${node}`
}

/** Without the label of a driver: data stays when calbox ends. */
export function volumeLabels(stateDir: string, node: string): Readonly<Record<string, string>> {
  return { [LABEL_STATE]: stateDir, [LABEL_FOLDER]: folderId(stateDir), [LABEL_NODE]: node }
}

/** Made where it is not there. */
export async function ensureVolume(engine: EngineClient, spec: DataOfNode, stateDir: string): Promise<void> {
  // First: what is made is to be found by whoever removes the data.
  await noteVolume(engine.address, spec, { stateDir })
  const body = { Name: volumeName(stateDir, spec.name), Labels: volumeLabels(stateDir, spec.name) }
  await engine.json('POST', '/volumes/create', { body })
}

interface DataOfNode {
  readonly name: string
  readonly dataDir: string
}

/** `machine`: the one of a swarm that it is on. */
export async function noteVolume(
  engine: EngineAddress,
  spec: DataOfNode,
  { stateDir, machine }: { readonly stateDir: string; readonly machine?: string | undefined },
): Promise<void> {
  const volume = volumeName(stateDir, spec.name)
  const folder = join(spec.dataDir, spec.name)
  await mkdir(folder, { recursive: true })
  const known = await volumesIn(folder)
  const isIt = (each: VolumeNote) => each.volume === volume && each.engine.url === engine.url
  const noted = known.find(isIt)
  if (noted !== undefined && (machine === undefined || noted.machine === machine)) return
  const all = [...known.filter((each) => !isIt(each)), { engine, volume, ...(machine !== undefined && { machine }) }]
  const file = join(folder, VOLUMES_FILE)
  // Never half of it: who removes the data goes by it.
  await writeFile(`${file}.new`, `${JSON.stringify(all, undefined, 2)}\n`)
  await rename(`${file}.new`, file)
}

/** The machine of a swarm that the data of this node is on, if it has any. */
export async function notedMachine({ name, dataDir }: DataOfNode): Promise<string | undefined> {
  return (await volumesIn(join(dataDir, name))).find(({ machine }) => machine !== undefined)?.machine
}

/** Of the node whose folder this is. ENGINE_UNREACHABLE where one cannot be removed now. */
export async function removeVolumes(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  for (const { engine: address, volume, machine } of await volumesIn(folder)) {
    const engine = await EngineClient.connect(address, options)
    if (machine !== undefined) await assertReached(engine, { folder, volume, machine })
    await engine.json('DELETE', `/volumes/${volume}`).catch((error: unknown) => {
      if (engineStatus(error) !== 404) throw error
    })
  }
}

/** Volumes of a swarm are those of its machines, and an engine sees only its own. */
async function assertReached(
  engine: EngineClient,
  { folder, volume, machine }: { readonly folder: string; readonly volume: string; readonly machine: string },
): Promise<void> {
  if (textField(await engine.json('GET', '/info'), 'Swarm', 'NodeID') === machine) return
  const message =
    `the volume ${volume} is on machine ${machine} of the swarm (\`docker node ls\`), where this engine cannot remove it: ` +
    `\`docker volume rm ${volume}\` there, then remove ${folder}`
  throw new DriverError('UNSUPPORTED', message)
}

interface VolumeNote {
  readonly engine: EngineAddress
  readonly volume: string
  readonly machine?: string
}

async function volumesIn(folder: string): Promise<VolumeNote[]> {
  const text = await readFile(join(folder, VOLUMES_FILE), 'utf8').catch(() => '[]')
  return listOf(parsed(text)).flatMap((each) => {
    const [url, certificates] = [textField(each, 'engine', 'url'), textField(each, 'engine', 'certificates')]
    const volume = textField(each, 'volume')
    const machine = textField(each, 'machine')
    if (url === '' || volume === '') return []
    const engine = { url, ...(certificates !== '' && { certificates }) }
    return [{ engine, volume, ...(machine !== '' && { machine }) }]
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut off by a full disk: the engine still lists the volume, by its label.
    return []
  }
}
