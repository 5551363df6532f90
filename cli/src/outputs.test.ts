import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { allWritten } from './outputs.ts'

/** Takes one chunk each time it is told to. */
function slowReader(): { stream: Writable; taken: string[]; take: (error?: Error) => void } {
  const taken: string[] = []
  let next: ((error?: Error) => void) | undefined
  const stream = new Writable({
    write(chunk, _encoding, done) {
      next = (error) => {
        if (!error && chunk.length > 0) taken.push(String(chunk))
        done(error)
      }
      if (chunk.length === 0) done()
    },
  })
  return { stream, taken, take: (error) => next?.(error) }
}

test('the end waits for the slowest reader of the outputs', async () => {
  const [fast, slow] = [slowReader(), slowReader()]
  for (const text of ['a', 'b']) slow.stream.write(text)
  let isDone = false
  const done = allWritten([fast.stream, slow.stream]).then(() => {
    isDone = true
  })
  slow.take()
  await Promise.resolve()
  expect(isDone).toBe(false)
  slow.take()
  await done
  expect(slow.taken).toEqual(['a', 'b'])
})

test('a reader that has gone is not waited for', async () => {
  const { stream, take } = slowReader()
  stream.on('error', () => {})
  stream.write('a')
  const done = allWritten([stream])
  take(new Error('EPIPE'))
  await done
  await allWritten([stream])
})

test('who is interrupted waits no longer', async () => {
  const { stream } = slowReader()
  stream.write('a')
  const interrupt = new AbortController()
  const done = allWritten([stream], { signal: interrupt.signal })
  interrupt.abort(new Error('stop'))
  await expect(done).rejects.toThrow('stop')
})
