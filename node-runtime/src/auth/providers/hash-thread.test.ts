import { scryptSync } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { describe, expect, it } from 'vitest'
import { HASH_NICENESS } from '../limits.ts'
import { derive } from './hash-thread.ts'

const options = { N: 1024, r: 8, p: 1 }

function of(password: string) {
  return derive({ password, salt: new Uint8Array(16).fill(7), bytes: 32, options })
}

describe('a password', () => {
  it('is derived as node:crypto does, each who asks at once with its own', async () => {
    const passwords = Array.from({ length: 10 }, (_, index) => `pässword ${index}`)
    const wanted = passwords.map((each) => scryptSync(each, new Uint8Array(16).fill(7), 32, options).toString('hex'))
    const seen = await Promise.all(passwords.map(of))
    expect(seen.map((key) => Buffer.from(key).toString('hex'))).toEqual(wanted)
  })

  it('with options that scrypt refuses is an error, and the next one is not', async () => {
    const refused = derive({ password: 'x', salt: new Uint8Array(16), bytes: 32, options: { N: 3 } })
    const next = of('x')
    await expect(refused).rejects.toThrow('a password could not be hashed')
    expect((await next).byteLength).toBe(32)
  })

  it.runIf(process.platform === 'linux')('is derived in a thread that gives way to all others', async () => {
    await of('x')
    const threads = await Promise.all(
      (await readdir('/proc/self/task')).map(async (id) => {
        const name = await readFile(`/proc/self/task/${id}/comm`, 'utf8').catch(() => 'gone')
        return { id: Number(id), name: name.trim() }
      }),
    )
    const priorities = threads.flatMap(({ id, name }) => (name === 'gone' ? [] : [getPriority(id)]))
    const own = getPriority(process.pid)
    const wanted = [...priorities.slice(1).map(() => own), Math.max(own, HASH_NICENESS)]
    expect(priorities.toSorted((a, b) => a - b)).toEqual(wanted)
  })
})
