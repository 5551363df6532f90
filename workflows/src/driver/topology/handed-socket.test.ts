import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { handedSocket } from './handed-socket.ts'

const SERVER = `require('node:http').createServer((_, response) => response.end('child')).listen({ fd: 3 }, () => console.log('up'))`

it('a process answers on a socket that was opened for it, when the opener has let go of it', async () => {
  const socket = await handedSocket(0)
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit', socket.fd] })
  try {
    await once(child.stdout ?? child, 'data')
    socket.close()
    const response = await fetch(`http://127.0.0.1:${socket.port}/`)
    expect(await response.text()).toBe('child')
  } finally {
    child.kill('SIGKILL')
  }
})

it('a port that somebody has is an error of the port', async () => {
  const socket = await handedSocket(0)
  await expect(handedSocket(socket.port)).rejects.toMatchObject({ code: 'PORT_BUSY' })
  socket.close()
})
