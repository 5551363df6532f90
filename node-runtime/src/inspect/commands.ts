// `calnode inspect`, `check`, `identity` and `config`: a node that does not run, looked at from its folder.
import { join } from 'node:path'
import type { Command } from 'commander'
import { type ContextId, idBase58, parseBase58Id, parseHexId } from '../base/ids.ts'
import { accountOf } from '../base/keys.ts'
import { ConfigError, configText, folderPath, loadConfig, type NodeFolder } from '../config.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import type { Finding } from './check/finding.ts'
import { InspectError } from './errors.ts'
import { FINDINGS_SHOWN_MAX, LISTED_ROWS } from './limits.ts'
import type { OfflineNode } from './offline-store.ts'

interface OutputFlags {
  readonly json?: boolean
}

interface InspectFlags extends OutputFlags {
  readonly context?: string
  readonly limit: string
}

interface CheckFlags extends OutputFlags {
  readonly repair?: boolean
}

const DIRECTORY = "the node's folder, with config.toml in it (default: --home and --node)"

/** Commands that take the folder as their argument: for these --home and --node may lack. */
export const OFFLINE_COMMANDS: readonly string[] = ['inspect', 'check', 'identity', 'config']

export function registerOffline(root: Command): void {
  const folder = (directory: string | undefined) => folderAsked(directory, root.opts<Partial<NodeFolder>>())
  root
    .command('inspect')
    .description('what the data directory of a stopped node holds: contexts, graphs, what waits')
    .argument('[dir]', DIRECTORY)
    .option('--context <id>', 'also the rows of this context: pending, parked, outbox, handlers, dead letters')
    .option('--limit <rows>', 'of each kind', String(LISTED_ROWS))
    .option('--json', 'as JSON')
    .action(async (directory: string | undefined, flags: InspectFlags) => runInspect(await folder(directory), flags))
  root
    .command('check')
    .description('read all of the data of a stopped node, and recompute its hashes; exits with 4 where it is damaged')
    .argument('[dir]', DIRECTORY)
    .option(
      '--repair',
      'remove what the node makes or fetches again; what is removed is kept in a folder beside the data',
    )
    .option('--json', 'as JSON')
    .action(async (directory: string | undefined, flags: CheckFlags) => runCheck(await folder(directory), flags))
  root
    .command('identity')
    .description('public keys and ids of a node; also while it runs')
    .argument('[dir]', DIRECTORY)
    .option('--json', 'as JSON')
    .action(async (directory: string | undefined, flags: OutputFlags) => runIdentity(await folder(directory), flags))
  root
    .command('config')
    .description('the settings of a node, checked, without its private key; also while it runs')
    .argument('[dir]', DIRECTORY)
    .option('--json', 'as JSON')
    .action(async (directory: string | undefined, flags: OutputFlags) => runConfig(await folder(directory), flags))
}

async function folderAsked(directory: string | undefined, { home, node }: Partial<NodeFolder>): Promise<NodeFolder> {
  const { folderOf } = await import('./offline-store.ts')
  if (directory !== undefined) return folderOf(directory)
  if (home !== undefined && node !== undefined) return { home, node }
  throw new ConfigError('CONFIG_INVALID', 'which node? give its folder, or --home and --node')
}

async function runInspect(folder: NodeFolder, { json, context, limit }: InspectFlags): Promise<void> {
  if (!/^\d{1,6}$/.test(limit)) throw new ConfigError('CONFIG_INVALID', `--limit is a number of rows, not ${limit}`)
  const contextId = context === undefined ? undefined : contextIdOf(context)
  const { requireWhole, withOfflineNode } = await import('./offline-store.ts')
  const { inspect } = await import('./inspect.ts')
  await requireWhole(folder)
  await withOfflineNode(folder, async ({ store, config }) => {
    const { path, blobPath, identity } = config
    const about = {
      store,
      path,
      blobPath,
      publicKey: idBase58(identity.publicKey),
      accountId: accountOf(identity.publicKey),
    }
    const inspection = await inspect(about)
    const contexts = [...inspection.contexts, ...inspection.unreadable]
    if (contextId !== undefined && !contexts.some(({ hex }) => hex === contextId)) {
      const known = contexts.map((each) => each.contextId).join(', ') || 'none'
      throw new InspectError('CONTEXT_UNKNOWN', `context ${context} is not in ${path}; there are: ${known}`)
    }
    const { listRows } = await import('./inspect-context.ts')
    const rows = contextId === undefined ? undefined : await listRows(store, contextId, Number(limit))
    if (json === true) return write(asJson(rows === undefined ? inspection : { ...inspection, listed: rows }))
    const { inspectionText } = await import('./inspection-text.ts')
    write(inspectionText(inspection))
    if (rows !== undefined) write(`\n${asJson(rows)}`)
  })
}

async function runCheck(folder: NodeFolder, { json, repair }: CheckFlags): Promise<void> {
  const { logsOf, tablesOf, withNodeToRepair, withOfflineNode } = await import('./offline-store.ts')
  const { check } = await import('./check/check.ts')
  const { checkLogs } = await import('./check/check-logs.ts')
  const { checkTables } = await import('./check/check-tables.ts')
  const { Repairs } = await import('./repair.ts')
  const { findingText } = await import('./inspection-text.ts')
  const backup = join(folderPath(folder), `repair-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`)
  const logs = await logsOf(folder)
  const ofFiles = [...checkLogs(logs), ...checkTables(await tablesOf(folder))]
  const withNode = (work: (node: OfflineNode) => Promise<void>) =>
    repair === true ? withNodeToRepair(folder, backup, work) : withOfflineNode(folder, work)
  await withNode(async ({ store, config }) => {
    const repairs = new Repairs({ store, blobPath: config.blobPath, backup })
    const tally = { damage: 0, leftover: 0, repairable: 0, unrepaired: 0 }
    const shown: Finding[] = []
    try {
      for await (const finding of allOf(ofFiles, check({ store, blobPath: config.blobPath }))) {
        tally[finding.kind] += 1
        if (finding.repair !== undefined) tally.repairable += 1
        else if (finding.kind === 'damage') tally.unrepaired += 1
        if (finding.repair !== undefined && repair === true) await repairs.add(finding.repair)
        if (shown.length >= FINDINGS_SHOWN_MAX) continue
        shown.push(finding)
        if (json !== true) write(findingText(finding))
      }
    } finally {
      await repairs.close()
    }
    const isKept = repairs.done > 0 || (repair === true && logs.length > 0)
    const done = { repaired: repairs.done, backup: isKept ? backup : null }
    if (json === true) write(asJson({ path: config.path, ...tally, ...done, findings: shown.map(withoutKeys) }))
    else write(checkEnd({ ...tally, ...done, path: config.path, shown: shown.length, isRepair: repair === true }))
    const left = repair === true ? tally.unrepaired : tally.damage
    if (left > 0)
      throw new InspectError('DATA_DAMAGED', `${config.path} is damaged (${left} of ${tally.damage} not repaired)`)
  })
}

async function* allOf(first: Iterable<Finding>, then: AsyncIterable<Finding>): AsyncGenerator<Finding> {
  yield* first
  yield* then
}

interface CheckEnd {
  readonly path: string
  readonly damage: number
  readonly leftover: number
  readonly repairable: number
  readonly repaired: number
  readonly backup: string | null
  readonly shown: number
  readonly isRepair: boolean
}

function checkEnd({ path, damage, leftover, repairable, repaired, backup, shown, isRepair }: CheckEnd): string {
  const lines: string[] = []
  if (damage + leftover > shown) lines.push(`… and ${damage + leftover - shown} more`)
  if (damage + leftover === 0) lines.push(`${path} is whole`)
  else lines.push(`${path}: ${damage} damaged, ${leftover} left over, ${repairable} of them can be repaired`)
  if (!isRepair && repairable > 0) lines.push('nothing was changed; --repair does what is said above')
  if (backup !== null && repaired === 0) lines.push(`the data as it was is kept in ${backup}`)
  else if (backup !== null)
    lines.push(`removed ${repaired === 1 ? '1 row or blob' : `${repaired} rows or blobs`}, kept in ${backup}`)
  return lines.map((line) => `${line}\n`).join('')
}

async function runIdentity(folder: NodeFolder, { json }: OutputFlags): Promise<void> {
  const { publicKey } = (await loadConfig(folder)).identity
  const identity = {
    node: folder.node,
    peerId: peerIdOfPublicKey(publicKey),
    publicKey: idBase58(publicKey),
    accountId: accountOf(publicKey),
    deviceId: publicKey,
  }
  if (json === true) return write(asJson(identity))
  for (const [name, value] of Object.entries(identity)) write(`${name.padEnd(10)}  ${value}\n`)
}

async function runConfig(folder: NodeFolder, { json }: OutputFlags): Promise<void> {
  const config = await loadConfig(folder)
  const { identity: _, ...settings } = config.settings
  const { path, dataPath, blobPath } = config
  if (json === true) return write(asJson({ path, dataPath, blobPath, settings }))
  write(`# ${join(folderPath(folder), 'config.toml')}, without the private key\n${configText(settings)}`)
}

/** In base58 as clients write it, or in hex as logs do. */
function contextIdOf(text: string): ContextId {
  try {
    return /^[0-9a-f]{64}$/i.test(text) ? parseHexId<ContextId>(text.toLowerCase()) : parseBase58Id<ContextId>(text)
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', `${JSON.stringify(text)} is no context id`, { cause })
  }
}

/** What a repair would remove is said in words; rows are bytes. */
function withoutKeys({ repair, ...finding }: Finding) {
  return repair === undefined ? finding : { ...finding, repair: repair.does }
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function write(text: string): void {
  process.stdout.write(text)
}
