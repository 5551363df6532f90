import { expect, test } from 'vitest'
import { type ApplicationId, idBase58, parseHexId } from '../../base/ids.ts'
import { ContextError } from '../../context/errors.ts'
import { httpFailureOf } from '../errors.ts'
import { rpcErrorOf } from './rpc-errors.ts'

test('clients hear of which application the code is lost, and that it comes', () => {
  const applicationId = parseHexId<ApplicationId>('ab'.repeat(32))
  const error = new ContextError('CODE_LACKING', 'members are asked', { data: { applicationId } })
  const data = { application_id: idBase58(applicationId), message: 'members are asked' }
  expect(rpcErrorOf(error, {})).toEqual({ type: 'ApplicationNotInstalled', data })
  expect(httpFailureOf(error)).toEqual({ status: 503, message: 'members are asked' })
})
