// The contract of the network port, run on every implementation.
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { eventually, reachedFrom, readAll } from './contract-waits.ts'
import { FRAME_MAX_BYTES, MESSAGE_MAX_BYTES } from './limits.ts'
import type { Network, PeerId } from './network.ts'

export interface NetworkFixture {
  /** `boot`: which of the earlier or later nodes of this test are in the boot list, by index. */
  create(options: {
    readonly index: number
    readonly boot: readonly number[]
    readonly networkId?: string
  }): Promise<Network>
  /** Where the node with this index listens. */
  address(index: number): string
  close(): Promise<void>
}

export function networkContract(name: string, open: () => Promise<NetworkFixture>): void {
  describe(`network contract: ${name}`, () => {
    let fixture: NetworkFixture | undefined
    const networks: Network[] = []

    async function start(boots: readonly (readonly number[])[], prepare?: (network: Network, index: number) => void) {
      fixture ??= await open()
      const made: Network[] = []
      for (const [index, boot] of boots.entries()) {
        const network = await fixture.create({ index, boot })
        networks.push(network)
        made.push(network)
        prepare?.(network, index)
      }
      await Promise.all(made.map((network) => network.start()))
      return made
    }

    async function pair(prepare?: (network: Network, index: number) => void): Promise<[Network, Network]> {
      const [a, b] = await start([[], [0]], prepare)
      if (!a || !b) throw new Error('two nodes were asked for')
      await eventually('a connection', () => a.peers().includes(b.peerId) && b.peers().includes(a.peerId))
      return [a, b]
    }

    afterEach(async () => {
      await Promise.all(networks.splice(0).map((network) => network.close()))
      await fixture?.close()
      fixture = undefined
    })

    describe('connections', () => {
      it('connects a boot list without peer ids, and says so on both sides', async () => {
        const seen: string[] = []
        const [a, b] = await pair((network, index) =>
          network.on('peer:connect', (peer, direction) => seen.push(`${index}:${peer} ${direction}`)),
        )
        expect(seen.sort()).toEqual([`0:${b.peerId} inbound`, `1:${a.peerId} outbound`])
      })

      it('waits for a boot node that starts later', async () => {
        const [early] = await start([[1]])
        const late = await fixture?.create({ index: 1, boot: [] })
        if (!late || !early) throw new Error('no node')
        networks.push(late)
        await late.start()
        await eventually('a connection', () => early.peers().includes(late.peerId))
        await eventually('the other side', () => late.peers().includes(early.peerId))
      })

      it('joins all nodes of one list into one mesh, ourselves in the list included', async () => {
        const all = [0, 1, 2, 3, 4, 5, 6]
        const nodes = await start(
          all.map(() => all),
          (network) => network.subscribe('run', () => {}),
        )
        await Promise.all(nodes.map((node) => node.meshReady({ degree: 3, topic: 'run', helloDone: () => true })))
        // Each was ready by what it saw itself and at its own time: whether all are one shows in what all see.
        await eventually('one mesh', () => reachedFrom(nodes).size === 7)
        for (const node of nodes) expect(node.peers()).not.toContain(node.peerId)
        expect(nodes[3]?.status().boot.filter(({ state }) => state === 'self')).toHaveLength(1)
      })

      it('settles on one peer when two nodes dial each other at once', async () => {
        const [a, b] = await start([[1], [0]])
        if (!a || !b || !fixture) throw new Error('no node')
        await Promise.allSettled([a.dial(fixture.address(1)), b.dial(fixture.address(0))])
        await eventually('both sides', () => a.peers().length === 1 && b.peers().length === 1)
        expect([a.peers(), b.peers()]).toEqual([[b.peerId], [a.peerId]])
      })

      it('says that it is itself when it dials itself', async () => {
        const [a] = await start([[]])
        await expect(a?.dial(fixture?.address(0) ?? '')).rejects.toMatchObject({ code: 'SELF_DIAL' })
        expect(a?.peers()).toEqual([])
      })

      it('refuses a dial to where nobody listens', async () => {
        const [a] = await start([[]])
        await expect(a?.dial(fixture?.address(5) ?? '')).rejects.toMatchObject({ code: 'DIAL_FAILED' })
      })

      it('never meets a node of another network', async () => {
        const [a] = await start([[]])
        const stranger = await fixture?.create({ index: 1, boot: [0], networkId: 'another run' })
        if (!stranger || !a || !fixture) throw new Error('no node')
        networks.push(stranger)
        await stranger.start()
        await expect(stranger.dial(fixture.address(0))).rejects.toMatchObject({ code: 'DIAL_FAILED' })
        await expect(a.dial(fixture.address(1))).rejects.toMatchObject({ code: 'DIAL_FAILED' })
        expect([a.peers(), stranger.peers()]).toEqual([[], []])
      })

      it('tells of a peer that leaves, and dials a boot node again when it is back', async () => {
        const gone: PeerId[] = []
        const [a, b] = await pair((network, index) => {
          if (index === 1) network.on('peer:disconnect', (peer) => gone.push(peer))
        })
        const idBefore = a.peerId
        await a.close()
        await eventually('the loss', () => gone.length === 1)
        expect([gone, b.peers()]).toEqual([[idBefore], []])
        const again = await fixture?.create({ index: 0, boot: [] })
        if (!again) throw new Error('no node')
        networks.push(again)
        await again.start()
        await eventually('the return', () => b.peers().includes(again.peerId))
      })

      it('refuses to listen where another node listens', async () => {
        await start([[]])
        const other = await fixture?.create({ index: 0, boot: [] })
        if (!other) throw new Error('no node')
        networks.push(other)
        await expect(other.start()).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
      })

      it('closes twice, before the start too, and does nothing afterwards', async () => {
        const [a, b] = await pair()
        await Promise.all([a.close(), a.close()])
        await expect(a.publish('t', utf8('x'))).rejects.toMatchObject({ code: 'NETWORK_CLOSED' })
        await expect(a.open(b.peerId, 'p/1')).rejects.toMatchObject({ code: 'NETWORK_CLOSED' })
        const unused = await fixture?.create({ index: 2, boot: [] })
        await unused?.close()
      })

      it('is ready at once when it knows no other node', async () => {
        const [a] = await start([[]])
        await a?.meshReady({ degree: 3, topic: 'run', helloDone: () => false })
        expect(a?.meshState({ degree: 3, topic: 'run', helloDone: () => false }).needed).toBe(0)
      })

      it('is not ready before the hello, and gives up with the signal', async () => {
        const stop = new AbortController()
        const [, b] = await pair((network) => network.subscribe('run', () => {}))
        await eventually('the subscription', () => b.subscribers('run').length === 1)
        const options = { degree: 3, topic: 'run', helloDone: () => false }
        expect(b.meshState(options)).toMatchObject({
          ready: false,
          connected: 1,
          needed: 1,
          greeted: 0,
          subscribers: 1,
        })
        const waiting = b.meshReady({ ...options, signal: stop.signal })
        stop.abort(new Error('enough'))
        await expect(waiting).rejects.toThrow('enough')
        await b.meshReady({ ...options, helloDone: () => true })
      })
    })

    describe('gossip', () => {
      it('delivers a message that is published as soon as the subscriber is known', async () => {
        const got: string[] = []
        const sent: Promise<void>[] = []
        await pair((network, index) => {
          network.subscribe('t', (_, data) => got.push(`${index}:${Buffer.from(data).toString()}`))
          network.on('subscribed', (_, topic) => sent.push(network.publish(topic, utf8(`from ${index}`))))
        })
        await eventually('both messages', () => got.length === 2)
        await Promise.all(sent)
        expect(got.sort()).toEqual(['0:from 1', '1:from 0'])
      })

      it('hears of a topic that a connected peer joins later', async () => {
        const heard: string[] = []
        const [a, b] = await pair((network, index) => {
          if (index === 0) network.on('subscribed', (peer, topic) => heard.push(`${peer} ${topic}`))
        })
        b.subscribe('later', () => {})
        await eventually('the event', () => heard.length === 1)
        expect(heard).toEqual([`${b.peerId} later`])
        expect(a.subscribers('later')).toEqual([b.peerId])
        b.unsubscribe('later')
        await eventually('the farewell', () => a.subscribers('later').length === 0)
      })

      it('delivers again after leaving and joining a topic', async () => {
        const got: string[] = []
        const [a, b] = await pair((network) =>
          network.subscribe('t', (_, data) => got.push(Buffer.from(data).toString())),
        )
        await eventually('the subscription', () => a.subscribers('t').length === 1)
        b.unsubscribe('t')
        await eventually('the farewell', () => a.subscribers('t').length === 0)
        b.subscribe('t', (_, data) => got.push(`again ${Buffer.from(data).toString()}`))
        await eventually('the subscription', () => a.subscribers('t').length === 1)
        await a.publish('t', utf8('hi'))
        await eventually('the message', () => got.length === 1)
        expect(got).toEqual(['again hi'])
      })

      it('delivers once to every node, through others, and not to the sender', async () => {
        const got: number[] = []
        const names: string[] = []
        const nodes = await start([[], [0], [1], [2], [3]], (network, index) =>
          network.subscribe('t', (from, data) => {
            got.push(index)
            names.push(`${from} ${Buffer.from(data).toString()}`)
          }),
        )
        await eventually('the mesh', () =>
          nodes.every((node, index) => {
            const linked = node.peers().length
            return linked >= (index % 4 === 0 ? 1 : 2) && node.subscribers('t').length === linked
          }),
        )
        await nodes[0]?.publish('t', utf8('news'))
        await nodes[0]?.publish('t', utf8('news'))
        await eventually('all', () => got.length === 4)
        expect(got.sort()).toEqual([1, 2, 3, 4])
        for (const line of names) expect(line).toMatch(/ news$/)
      })

      it('does not mind that nobody listens, but refuses a message over the limit', async () => {
        const [a] = await start([[]])
        await a?.publish('empty', utf8('x'))
        await expect(a?.publish('empty', new Uint8Array(MESSAGE_MAX_BYTES + 1))).rejects.toMatchObject({
          code: 'MESSAGE_TOO_LARGE',
        })
      })

      it('delivers a message of the largest size', async () => {
        const got: number[] = []
        const [a] = await pair((network) => network.subscribe('t', (_, data) => got.push(data.byteLength)))
        await eventually('the subscription', () => a.subscribers('t').length === 1)
        await a.publish('t', new Uint8Array(MESSAGE_MAX_BYTES).fill(7))
        await eventually('the message', () => got.length === 1)
        expect(got).toEqual([MESSAGE_MAX_BYTES])
      })
    })

    describe('streams', () => {
      const echo = (network: Network): void =>
        network.handle('echo/1', async (_, stream) => {
          for await (const frame of stream.frames) await stream.send(frame)
        })

      it('carries frames both ways in order, empty and large ones included, and closes by halves', async () => {
        const [a, b] = await pair(echo)
        const stream = await a.open(b.peerId, 'echo/1')
        const sizes = [0, 1, 127, 128, 70_000, 0, FRAME_MAX_BYTES]
        const sending = (async () => {
          for (const size of sizes) await stream.send(new Uint8Array(size).fill(size % 251))
          await stream.closeWrite()
        })()
        const back = await readAll(stream.frames)
        await sending
        expect(back.map((frame) => frame.byteLength)).toEqual(sizes)
        expect(back.every((frame) => frame.every((byte) => byte === frame.byteLength % 251))).toBe(true)
      })

      it('tells the handler who has opened the stream', async () => {
        const who: PeerId[] = []
        const [a, b] = await pair((network) => network.handle('who/1', async (peer) => void who.push(peer)))
        const stream = await b.open(a.peerId, 'who/1')
        await readAll(stream.frames)
        await stream.closeWrite()
        expect([who, stream.peer]).toEqual([[b.peerId], a.peerId])
      })

      it('holds a sender back while the peer does not read', async () => {
        const gate = Promise.withResolvers<void>()
        let read = 0
        const [a, b] = await pair((network) =>
          network.handle('slow/1', async (_, stream) => {
            await gate.promise
            for await (const frame of stream.frames) read += frame.byteLength
          }),
        )
        const stream = await a.open(b.peerId, 'slow/1')
        const chunk = new Uint8Array(512 * 1024)
        let sent = 0
        const sending = (async () => {
          for (let index = 0; index < 40; index++) {
            await stream.send(chunk)
            sent += chunk.byteLength
          }
          await stream.closeWrite()
        })()
        await eventually('a start', () => sent > 0)
        let before = -1
        await eventually('a standstill', () => {
          const stands = sent === before
          before = sent
          return stands
        })
        expect(sent).toBeLessThan(12 * 1024 * 1024)
        gate.resolve()
        await sending
        await readAll(stream.frames)
        expect(read).toBe(40 * chunk.byteLength)
      })

      it('refuses a frame over the limit and stays usable', async () => {
        const [a, b] = await pair(echo)
        const stream = await a.open(b.peerId, 'echo/1')
        await expect(stream.send(new Uint8Array(FRAME_MAX_BYTES + 1))).rejects.toMatchObject({
          code: 'FRAME_TOO_LARGE',
        })
        await stream.send(utf8('still here'))
        await stream.closeWrite()
        expect((await readAll(stream.frames)).map((frame) => Buffer.from(frame).toString())).toEqual(['still here'])
      })

      it('refuses to send after closing', async () => {
        const [a, b] = await pair(echo)
        const stream = await a.open(b.peerId, 'echo/1')
        await stream.closeWrite()
        await expect(stream.send(utf8('late'))).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
      })

      it('ends both sides when one aborts', async () => {
        const failure = Promise.withResolvers<unknown>()
        const [a, b] = await pair((network) =>
          network.handle('wait/1', async (_, stream) => {
            await readAll(stream.frames).then(undefined, failure.resolve)
          }),
        )
        const stream = await a.open(b.peerId, 'wait/1')
        await stream.send(utf8('x'))
        stream.abort(new Error('changed my mind'))
        expect(await failure.promise).toMatchObject({ code: 'STREAM_RESET' })
        await expect(readAll(stream.frames)).rejects.toMatchObject({ code: 'STREAM_RESET' })
        await expect(stream.send(utf8('y'))).rejects.toMatchObject({ code: 'STREAM_RESET' })
      })

      it('aborts the stream when the handler fails', async () => {
        const [a, b] = await pair((network) =>
          network.handle('bad/1', async () => {
            throw new Error('no')
          }),
        )
        const stream = await a.open(b.peerId, 'bad/1')
        await expect(readAll(stream.frames)).rejects.toMatchObject({ code: 'STREAM_RESET' })
      })

      it('refuses a protocol that the peer does not handle', async () => {
        const [a, b] = await pair()
        await expect(a.open(b.peerId, 'none/1')).rejects.toMatchObject({ code: 'PROTOCOL_UNSUPPORTED' })
      })

      it('refuses a stream to a peer that is not connected', async () => {
        const [a, b] = await pair()
        await b.close()
        await eventually('the loss', () => a.peers().length === 0)
        await expect(a.open(b.peerId, 'echo/1')).rejects.toMatchObject({ code: 'NOT_CONNECTED' })
      })

      it('resets open streams when the peer goes', async () => {
        const opened = Promise.withResolvers<void>()
        const [a, b] = await pair((network) =>
          network.handle('wait/1', async (_, stream) => {
            opened.resolve()
            await readAll(stream.frames).catch(() => {})
          }),
        )
        const stream = await a.open(b.peerId, 'wait/1')
        await opened.promise
        const reading = readAll(stream.frames).then(
          () => 'ended',
          () => 'failed',
        )
        await b.close()
        expect(['ended', 'failed']).toContain(await reading)
      })
    })
  })
}
