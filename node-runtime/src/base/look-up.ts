// The addresses of names, asked of the name servers themselves. The system's own look-up (getaddrinfo) cannot be called off and
// holds a thread until a server has answered, 10 s where none does; a process waits for it even at its end.
import { type LookupAddress, NODATA, promises, TIMEOUT } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { isIP, type LookupFunction } from 'node:net'

/** Per name server and try; c-ares waits longer at each. */
const ANSWER_MS = 2000
const TRIES = 2

/** What differs in tests. */
export interface NameSources {
  readonly hostsFile?: string
  /** `address:port`; without them those of the system. */
  readonly servers?: readonly string[]
  readonly answerMs?: number
}

/**
 * As the system has them: its hosts file, then its name servers, then whatever else it knows (search domains, mDNS), of which
 * it is asked only when name servers do answer. Throws with the code of node:dns.
 */
export async function lookUp(
  name: string,
  { hostsFile = HOSTS_FILE, servers, answerMs = ANSWER_MS }: NameSources = {},
): Promise<LookupAddress[]> {
  const local = await inHostsFile(name, hostsFile)
  if (local.length > 0) return local
  const resolver = new promises.Resolver({ timeout: answerMs, tries: TRIES })
  if (servers !== undefined) resolver.setServers(servers)
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length > 0) return addresses.map(withFamily)
  const silent = answers.find((answer) => answer.status === 'rejected' && answer.reason.code === TIMEOUT)
  if (silent?.status === 'rejected') throw silent.reason
  return promises.lookup(name, { all: true })
}

/** For `net.connect`. */
export const lookUpToConnect: LookupFunction = (name, { all, family }, done) => {
  const wanted = family === 4 || family === 'IPv4' ? 4 : family === 6 || family === 'IPv6' ? 6 : 0
  lookUp(name).then(
    (found) => {
      const addresses = found.filter((each) => wanted === 0 || each.family === wanted)
      const [first] = addresses
      if (first === undefined)
        done(Object.assign(new Error(`${name} has no IPv${wanted} address`), { code: NODATA }), [])
      else if (all) done(null, addresses)
      else done(null, first.address, first.family)
    },
    (error) => done(error, []),
  )
}

const HOSTS_FILE = '/etc/hosts'

async function inHostsFile(name: string, hostsFile: string): Promise<LookupAddress[]> {
  const text = await readFile(hostsFile, 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  const wanted = name.toLowerCase()
  return lines
    .filter(([address = '', ...names]) => isIP(address) !== 0 && names.some((each) => each.toLowerCase() === wanted))
    .map(([address = '']) => withFamily(address))
}

function withFamily(address: string): LookupAddress {
  return { address, family: isIP(address) }
}
