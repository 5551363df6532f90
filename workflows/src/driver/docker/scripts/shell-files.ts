// A shell and the usual tools of this machine, as files for a container: the image of the node has none.
import { existsSync } from 'node:fs'
import { DriverError } from '../../errors.ts'
import { filesOf, findProgram, type HostProgram } from '../image/host-programs.ts'
import { hostFile } from '../image/image-files.ts'
import type { TarEntry } from '../image/tar.ts'

/** Without these there is no script. */
const NEEDED = ['sh', 'ldd'] as const

/** Those that this machine has of them. */
const USUAL = [
  ...['bash', 'cat', 'cp', 'mv', 'rm', 'mkdir', 'rmdir', 'ls', 'ln', 'chmod', 'touch', 'head', 'tail', 'sort', 'uniq'],
  ...['cut', 'tr', 'wc', 'tee', 'date', 'sleep', 'true', 'false', 'env', 'id', 'whoami', 'uname', 'hostname', 'seq'],
  ...['basename', 'dirname', 'expr', 'printf', 'test', 'mktemp', 'realpath', 'stat', 'od', 'base64', 'sha256sum'],
  ...['timeout', 'grep', 'sed', 'awk', 'find', 'xargs', 'tar', 'gzip', 'which', 'curl', 'jq'],
]

/** Throws UNSUPPORTED with what is missing. */
export async function shellFiles(): Promise<readonly TarEntry[]> {
  const missing: string[] = []
  for (const name of NEEDED) if ((await findProgram(name)) === undefined) missing.push(name)
  if (missing.length > 0) {
    const message = `a script in the image of calbox runs with the shell of this machine, which lacks ${missing.join(', ')}`
    throw new DriverError('UNSUPPORTED', message, { data: { missing } })
  }
  const programs: HostProgram[] = []
  for (const name of ['sh', ...USUAL]) {
    const found = await findProgram(name)
    if (found !== undefined) programs.push(found)
  }
  return [
    { path: 'tmp/', mode: 0o1777 },
    { path: 'bin/', mode: 0o755 },
    { path: 'bin/sh', mode: 0o777, link: '/usr/bin/sh' },
    { path: 'bin/bash', mode: 0o777, link: '/usr/bin/bash' },
    ...(existsSync('/etc/os-release') ? [await hostFile('etc/os-release', '/etc/os-release', 0o644)] : []),
    ...(await filesOf(programs)),
  ]
}
