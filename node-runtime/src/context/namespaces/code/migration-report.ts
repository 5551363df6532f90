// How far the members of a namespace are with its migrations: what each has said of its own state, signed, in the contexts that
// are here, and nothing that was concluded from anything else.
import type { NamespaceId, PublicKey } from '../../../base/ids.ts'
import type { Logger } from '../../../base/log.ts'
import type { Member } from '../../../governance/namespace-state.ts'
import { FIRST_STATE_VERSION } from '../../../runtime/module/state-schema.ts'
import type { Context } from '../../context.ts'
import type { GroupEvent, MigrationCounts } from '../../ports.ts'
import type { Namespace } from '../namespace.ts'
import { programIn, stateVersionIn } from './services.ts'
import { progressOf, type UpgradeParts } from './upgrades.ts'

export type MigrationState = 'migrated' | 'in_progress' | 'unknown' | 'failed'

export interface MemberReport {
  readonly member: Member
  readonly state: MigrationState
  /** Of its latest word; absent: none was heard. */
  readonly said?: {
    /** The lowest of its contexts. */
    readonly version: number
    readonly failed: string | undefined
    readonly hlc: bigint
    readonly own: number
  }
}

export interface MigrationReport {
  readonly targetVersion: number
  readonly members: readonly MemberReport[]
}

export function countsOf({ members }: MigrationReport): MigrationCounts {
  const count = (wanted: MigrationState) => members.filter(({ state }) => state === wanted).length
  return {
    migrated: count('migrated'),
    inProgress: count('in_progress'),
    unknown: count('unknown'),
    failed: count('failed'),
    total: members.length,
  }
}

type WatchParts = ReportParts & { readonly onGroupEvent: (event: GroupEvent) => void; readonly log: Logger }

/** Tells watchers of a namespace when its members have said something else than before. */
export class MigrationWatch {
  readonly #parts: WatchParts
  readonly #told = new Map<NamespaceId, string>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** Something may have changed. Never throws: what has changed is stored by now, and must not fail for its watchers. */
  look(namespace: Namespace): void {
    try {
      this.#look(namespace)
    } catch (error) {
      const fields = { namespaceId: namespace.id, error: String(error) }
      this.#parts.log.warn(fields, 'watchers are not told how far migrations are; the next change tells them')
    }
  }

  #look(namespace: Namespace): void {
    if (upgradedIn(this.#parts, namespace).length === 0) return
    const counts = countsOf(migrationReport(this.#parts, namespace, membersOf(namespace)))
    const text = JSON.stringify(counts)
    if (this.#told.get(namespace.id) === text) return
    this.#told.set(namespace.id, text)
    this.#parts.onGroupEvent({ groupId: namespace.id, type: 'MigrationProgress', data: counts })
  }
}

/** Of the namespace itself. */
function membersOf({ id, state }: Namespace): Member[] {
  return [...state.members.values()].filter(({ account }) => state.roleIn(id, account) !== undefined)
}

type ReportParts = Pick<UpgradeParts, 'contexts' | 'applications'> & {
  readonly identity: { readonly publicKey: PublicKey }
}

/** A context that was upgraded, and the version of the state that it is to have. */
interface Upgraded {
  readonly context: Context | undefined
  readonly id: Parameters<Namespace['mayRead']>[0]
  readonly target: number
}

export function migrationReport(parts: ReportParts, namespace: Namespace, members: readonly Member[]): MigrationReport {
  const upgraded = upgradedIn(parts, namespace)
  const own = parts.identity.publicKey
  const versions = upgraded.map(({ target }) => target)
  return {
    targetVersion: versions.length > 0 ? Math.max(...versions) : rootVersion(parts, namespace),
    members: members.map((member) => {
      const all = upgraded.filter(({ id }) => namespace.mayRead(id, member.publicKey))
      const report = reportOf(all, member, member.publicKey === own)
      // Code that lacks, or cannot run here: of that this node knows of itself alone.
      const lags = member.publicKey === own && report.state === 'migrated' ? ownLag(parts, namespace) : undefined
      return lags === undefined ? report : { ...report, state: lags }
    }),
  }
}

function rootVersion({ applications }: ReportParts, { state }: Namespace): number {
  const id = state.applicationId
  return (id && programIn(applications, id, undefined)?.state?.version) ?? FIRST_STATE_VERSION
}

function upgradedIn({ contexts, applications }: ReportParts, { state }: Namespace): Upgraded[] {
  return [...state.contexts.values()].flatMap((record) => {
    const { id, ran = [], serviceName } = record
    const versionOf = (each: (typeof ran)[number]) => programIn(applications, each, serviceName)?.state?.version
    const target = stateVersionIn(applications, record, serviceName) ?? FIRST_STATE_VERSION
    const isMigration = ran.some((each) => (versionOf(each) ?? FIRST_STATE_VERSION) < target)
    return isMigration ? [{ id, target, context: contexts.opened(id) }] : []
  })
}

function reportOf(upgraded: readonly Upgraded[], member: Member, isOwn: boolean): MemberReport {
  if (upgraded.length === 0) return { member, state: 'migrated' }
  const words = upgraded.map(({ context, target }) => {
    const beat = isOwn ? context?.beat() : context?.beatOf(member.publicKey)
    if (beat === undefined) return undefined
    const { version = FIRST_STATE_VERSION, failed, own = 0 } = beat.state ?? {}
    return { version, failed, own, hlc: beat.hlc, isBehind: version < target }
  })
  const heard = words.flatMap((word) => word ?? [])
  const [first] = heard
  if (first === undefined) return { member, state: 'unknown' }
  const said = {
    version: Math.min(...heard.map(({ version }) => version)),
    failed: heard.find(({ failed }) => failed !== undefined)?.failed,
    own: heard.reduce((sum, { own }) => sum + own, 0),
    hlc: heard.reduce((latest, { hlc }) => (hlc > latest ? hlc : latest), first.hlc),
  }
  if (said.failed !== undefined) return { member, state: 'failed', said }
  if (heard.some(({ isBehind }) => isBehind)) return { member, state: 'in_progress', said }
  return { member, state: heard.length < words.length ? 'unknown' : 'migrated', said }
}

function ownLag(parts: ReportParts, namespace: Namespace): MigrationState | undefined {
  const all = [...namespace.state.groups.keys()].flatMap((id) => progressOf(parts, namespace, id) ?? [])
  if (all.some(({ failed }) => failed > 0)) return 'failed'
  return all.some(({ swapped, total }) => swapped < total) ? 'in_progress' : undefined
}
