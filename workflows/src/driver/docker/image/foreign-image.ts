// An image that a workflow file names: pulled where that is asked for, or where the engine does not have it.
import type { NodeImage } from '../../driver.ts'
import { DriverError } from '../../errors.ts'
import { type EngineClient, engineReason } from '../engine/engine-client.ts'
import { inspectImage } from './build-image.ts'

/** Its id. IMAGE_UNUSABLE where it cannot be had, or is none of the calbox node: others take another command line. */
export async function foreignImage(engine: EngineClient, { name, pull }: NodeImage): Promise<string> {
  const id = await pulledImage(engine, { name, pull })
  if ((await inspectImage(engine, id))?.isOurs) return id
  const message =
    `${name} is no image of the calbox node (it has not the label of one); without --image-as-written the nodes run in ` +
    'that of calbox'
  throw new DriverError('IMAGE_UNUSABLE', message, { data: { image: name } })
}

/** Its id, of whatever it is. IMAGE_UNUSABLE where it cannot be had. */
export async function pulledImage(engine: EngineClient, { name, pull }: NodeImage): Promise<string> {
  if (pull || (await inspectImage(engine, name)) === undefined) await pullImage(engine, name)
  const image = await inspectImage(engine, name)
  if (image !== undefined) return image.id
  throw new DriverError('IMAGE_UNUSABLE', `the image ${name} was pulled, and the engine does not know it`)
}

async function pullImage(engine: EngineClient, name: string): Promise<void> {
  try {
    // Without a tag or digest the engine would fetch all there are.
    const fromImage = /[:@][^/]*$/.test(name) ? name : `${name}:latest`
    await engine.progress('POST', '/images/create', { query: { fromImage } })
  } catch (error) {
    const message = `the image ${name} cannot be pulled: ${engineReason(error)}`
    throw new DriverError('IMAGE_UNUSABLE', message, { data: { image: name }, cause: error })
  }
}
