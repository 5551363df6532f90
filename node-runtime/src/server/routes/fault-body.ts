// From a fault as it is written in JSON to what the node is told, and back. Without the validator: a node that starts loads this file.
import type { FaultRule } from '../../network/faults/fault-rule.ts'
import type { MessageRule } from '../../network/faults/message-rule.ts'
import type { NodeFault } from '../../network/faults/node-faults.ts'
import { ServerError } from '../errors.ts'
import type { FaultBody } from './fault-shapes.ts'

/** Throws BAD_REQUEST where it is not exactly one. */
export function faultOf({ id: _, message, disk, clockOffsetMs, ...link }: FaultBody): NodeFault {
  const faults: NodeFault[] = []
  if (message !== undefined) faults.push({ message: ruleOf(message) })
  if (disk !== undefined) faults.push({ disk })
  if (clockOffsetMs !== undefined) faults.push({ clockOffsetMs })
  if (Object.keys(link).length > 0 || faults.length === 0) faults.push({ link: linkOf(link) })
  const [fault] = faults
  if (fault !== undefined && faults.length === 1) return fault
  throw new ServerError(
    'BAD_REQUEST',
    'a fault is of connections, of messages (message), of the disk or of the clock: one',
  )
}

/** As it is sent: what GET shows. */
export function bodyOf(fault: NodeFault): FaultBody {
  if ('message' in fault) return { message: { ...copyOf(fault.message) } }
  return 'link' in fault ? copyOf(fault.link) : { ...fault }
}

function linkOf({ direction, ...given }: Partial<FaultRule>): FaultRule {
  return { ...given, direction: direction ?? 'both' }
}

function ruleOf(given: NonNullable<FaultBody['message']>): MessageRule {
  return given
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] | undefined ? Item[] : T[Key] }

function copyOf<T extends object>(value: T): Mutable<T> {
  return structuredClone(value) as Mutable<T>
}
