// Addresses of names. The system finds them (getaddrinfo), once name servers are seen to answer: where none does it holds
// a thread for 10 s and more, cannot be called off, and a process waits for it even at its end.
import { type LookupAddress, lookup, promises, TIMEOUT } from 'node:dns'
import { readFile } from 'node:fs/promises'
import type { LookupFunction } from 'node:net'

/** Of a name server for one try; c-ares waits longer at each. */
const ANSWER_MS = 2000
const TRIES = 2

/** What differs in tests. */
export interface NameSources {
  readonly hostsFile?: string
  readonly resolverFile?: string
  /** `address:port`; without them those of the system. */
  readonly servers?: readonly string[]
  readonly answerMs?: number
}

interface LookUpOptions extends NameSources {
  readonly signal?: AbortSignal
}

/** All there are, in the system's order. Throws with the codes of node:dns: ETIMEOUT where no name server answers. */
export async function lookUp(name: string, options: LookUpOptions = {}): Promise<LookupAddress[]> {
  await nameServersAnswer(name, options)
  return promises.lookup(name, { all: true })
}

/** For `net.connect`. */
export const lookUpToConnect: LookupFunction = (name, options, done) => {
  nameServersAnswer(name).then(
    () => lookup(name, options, done),
    (error) => done(error, []),
  )
}

/** Resolves where the system needs none for this name, too. Throws ETIMEOUT, or `signal.reason`. */
async function nameServersAnswer(name: string, { signal, ...sources }: LookUpOptions = {}): Promise<void> {
  const { hostsFile = '/etc/hosts', resolverFile = '/etc/resolv.conf', servers, answerMs = ANSWER_MS } = sources
  if (isOfThisNetwork(name) || (await textOf(hostsFile)).includes(name)) return
  const names = [name, ...searched(name, await textOf(resolverFile))]
  signal?.throwIfAborted()
  const resolver = new promises.Resolver({ timeout: answerMs, tries: TRIES })
  if (servers !== undefined) resolver.setServers(servers)
  const cancel = () => resolver.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    // Any answer will do, "there is none" included: it is one of those that the system would get.
    await Promise.any(names.map((each) => resolver.resolve4(each).catch(unlessSilent)))
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof AggregateError ? error.errors[0] : error
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

function unlessSilent(error: NodeJS.ErrnoException): void {
  if (error.code === TIMEOUT || error.code === 'ECANCELLED') throw error
}

/** Of this machine, or told by those who are on its network (mDNS): no name server is asked. */
function isOfThisNetwork(name: string): boolean {
  return /(^|\.)(localhost|local)\.?$/i.test(name)
}

/** What the system makes of a name with its first search domain. */
function searched(name: string, resolverText: string): string[] {
  const [, domain] = /^[ \t]*(?:search|domain)[ \t]+(\S+)/m.exec(resolverText) ?? []
  return domain === undefined || domain === '.' || name.endsWith('.') ? [] : [`${name}.${domain}`]
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
