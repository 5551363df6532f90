// Packages: what applications say they are versions of. Ordered as semantic versions are; what is none comes last.

interface Versioned {
  readonly package: string | undefined
  readonly version: string | undefined
}

const SEMVER = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$/

/** Those of one package, the newest first; of none: those without one. */
export function versionsOf<T extends Versioned>(all: readonly T[], of: string | undefined): T[] {
  return all.filter((each) => each.package === of).sort((a, b) => compareVersions(b.version, a.version))
}

/** Negative where `a` is the older one. */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const one = SEMVER.exec(a ?? '')
  const other = SEMVER.exec(b ?? '')
  if (!one || !other) return Number(one !== null) - Number(other !== null) || compareText(a ?? '', b ?? '')
  for (const part of [1, 2, 3]) {
    const difference = Number(one[part] ?? 0) - Number(other[part] ?? 0)
    if (difference !== 0) return difference
  }
  return comparePreReleases(one[4], other[4])
}

/** A release is newer than what led to it. */
function comparePreReleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const [ones, others] = [a.split('.'), b.split('.')]
  for (let index = 0; index < Math.max(ones.length, others.length); index += 1) {
    const [one, other] = [ones[index], others[index]]
    // Fewer parts are older.
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    const [isNumber, isOther] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    if (isNumber !== isOther) return isNumber ? -1 : 1
    const difference = isNumber ? Number(one) - Number(other) : compareText(one, other)
    if (difference !== 0) return difference
  }
  return 0
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
