// Programs of this machine as files for an image, each with the libraries it is linked with: tools that no image of ours
// holds otherwise, without a registry.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, readdir, readFile, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { hostFile } from './image-files.ts'
import type { TarEntry } from './tar.ts'

export interface HostProgram {
  /** As it is called in the image, in /usr/bin. */
  readonly name: string
  /** Where it is here. */
  readonly path: string
}

/** Also where the search path of users leaves out what is for administrators. */
const MORE_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin']

/** Undefined where this machine does not have it. */
export async function findProgram(name: string): Promise<HostProgram | undefined> {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS]) {
    const path = join(folder, name)
    const isThere = await access(path).then(
      () => folder !== '',
      () => false,
    )
    if (isThere) return { name, path: await realpath(path) }
  }
  return undefined
}

/** What is in the image: the programs, and all that they load. */
export async function filesOf(programs: readonly HostProgram[]): Promise<TarEntry[]> {
  const files = new Map<string, string>()
  for (const { name, path } of programs) {
    files.set(`usr/bin/${name}`, path)
    for (const library of await librariesOf(path)) files.set(library.slice(1), library)
    if (name === 'iptables') for (const module of await modulesOf(path)) files.set(module.slice(1), module)
  }
  return Promise.all([...files].map(([path, from]) => hostFile(path, from, 0o755)))
}

/** The same for files with the same content, whenever they were put here. */
export async function keyOfFiles(programs: readonly HostProgram[]): Promise<string> {
  const hash = createHash('sha256')
  const digests = new Map<string, string>()
  for (const { name, path } of programs) {
    for (const each of [path, ...(await librariesOf(path))]) {
      const digest =
        digests.get(each) ??
        createHash('sha256')
          .update(await readFile(each))
          .digest('hex')
      digests.set(each, digest)
      // Where a program is here says nothing: it is in /usr/bin of the image.
      hash.update(`${name} ${each === path ? '' : each} ${digest}\0`)
    }
  }
  return hash.digest('hex').slice(0, 12)
}

/** At the places where its loader looks for them. None of a program that is linked with none. */
async function librariesOf(path: string): Promise<string[]> {
  const listed = await promisify(execFile)('ldd', [path]).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      // So it says of a program that is linked with none.
      if (/not a (valid )?dynamic/i.test(String(Reflect.get(Object(error), 'stderr')))) return ''
      throw error
    },
  )
  return [...listed.matchAll(/(\/\S+) \(0x/g)].flatMap(([, library]) => library ?? [])
}

/** What iptables loads when a rule names it, from a folder beside its library. */
async function modulesOf(iptables: string): Promise<string[]> {
  const own = (await librariesOf(iptables)).find((library) => /libxtables\.so/.test(library))
  if (own === undefined) return []
  const folder = join(dirname(await realpath(own)), 'xtables')
  return (await readdir(folder)).filter((name) => name.endsWith('.so')).map((name) => join(folder, name))
}
