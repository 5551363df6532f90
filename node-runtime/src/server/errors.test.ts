import { expect, it } from 'vitest'
import { diskError } from '../blobs/errors.ts'
import { NetworkError } from '../network/errors.ts'
import { writeError } from '../store/write-error.ts'
import { httpFailureOf } from './errors.ts'

const system = (code: string) => Object.assign(new Error(`${code}: refused, write`), { code, syscall: 'write' })

it.each(['ENOSPC', 'EROFS'])('what a disk refuses with %s is 507 with the reason, for blobs as for state', (code) => {
  for (const error of [diskError('storing a blob', system(code)), writeError('/data', 1, system(code))]) {
    if (!(error instanceof Error)) throw new Error('no error was made')
    expect(httpFailureOf(error)).toEqual({ status: 507, message: error.message })
  }
})

it('a fault too many is 409 with the reason', () => {
  const error = new NetworkError('FAULTS_TOO_MANY', 'there are 64 faults already; take some off first')
  expect(httpFailureOf(error)).toEqual({ status: 409, message: error.message })
})

it('a defect of ours is told to the log alone', () => {
  expect(httpFailureOf(new Error('internals'))).toEqual({ status: 500, message: 'Internal server error' })
})
