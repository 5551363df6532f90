// Frames on a byte stream, texts that people and clients write, and the node's own files.
import { stringify } from 'smol-toml'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Bytes, concat, equalBytes, fromUtf8, toBase58, utf8 } from '../../src/base/bytes.ts'
import { idBase58, parseBase58Id, parseHexId } from '../../src/base/ids.ts'
import { ConfigError, checkAuthMode, freshConfig, hostPortOf, readSettings } from '../../src/config.ts'
import { compareAddresses, hostOf, peerIn, placeOf } from '../../src/network/address.ts'
import { FrameDecoder, framePrefix } from '../../src/network/frame-codec.ts'
import { FRAME_MAX_BYTES } from '../../src/network/limits.ts'
import { peerIdOfPublicKey, publicKeyOfPeer } from '../../src/network/peer-id.ts'
import {
  applicationIdOf,
  blobHashOf,
  blobIdOf,
  contextIdOf,
  InvitationJson,
  invitationFromJson,
  invitationToJson,
  pagingOf,
  publicKeyOf,
} from '../../src/server/formats/encodings.ts'
import { parseJson, RawJson } from '../../src/server/formats/json/json.ts'
import { readQuery } from '../../src/server/routing/query.ts'
import { encodeInvitationBody, verifyInvitation } from '../../src/wire/invitation.ts'
import { alice, ops } from '../../src/wire/messages.fixture.ts'
import { Rejected, type Target } from '../target.ts'

/** The first two bytes say how the others are cut into chunks. */
const frameTarget: Target = {
  name: 'network-frames',
  decoders: ['network/frame-codec.ts#FrameDecoder'],
  codes: ['FRAME_INVALID', 'FRAME_TOO_LARGE'],
  format: 'binary',
  seeds: [
    concat([
      Uint8Array.of(3, 200),
      framePrefix(0),
      framePrefix(5),
      utf8('hello'),
      framePrefix(300),
      new Uint8Array(300),
    ]),
    concat([Uint8Array.of(1, 1), framePrefix(130), new Uint8Array(130), framePrefix(FRAME_MAX_BYTES)]),
  ],
  run(input) {
    // As large as a node takes them: one that is announced must cost nothing before it comes.
    const decoder = new FrameDecoder(FRAME_MAX_BYTES)
    const stream = input.subarray(2)
    const frames: Bytes[] = []
    const sizes = [1 + (input[0] ?? 0), 1 + (input[1] ?? 0)]
    for (let at = 0, turn = 0; at < stream.byteLength; turn += 1) {
      const size = sizes[turn % 2] ?? 1
      frames.push(...decoder.push(stream.subarray(at, at + size)))
      at += size
    }
    const again = concat(frames.flatMap((frame) => [framePrefix(frame.byteLength), frame]))
    const isSame = equalBytes(again, stream.subarray(0, again.byteLength))
    if (!isSame || (decoder.atBoundary && again.byteLength !== stream.byteLength)) {
      throw new Error('the frames are not those of the stream')
    }
    return undefined
  },
}

function textOf(input: Bytes): string {
  return Buffer.from(input).toString('latin1')
}

const peer = peerIdOfPublicKey(alice.publicKey)

const peerTarget: Target = {
  name: 'peer-id',
  decoders: ['network/peer-id.ts#publicKeyOfPeer', 'base/bytes.ts#fromBase58'],
  codes: ['PEER_ID_INVALID'],
  format: 'text',
  seeds: [utf8(peer)],
  run: (input) => utf8(peerIdOfPublicKey(publicKeyOfPeer(textOf(input)))),
}

const addressTarget: Target = {
  name: 'address',
  decoders: [
    'network/address.ts#placeOf',
    'network/address.ts#peerIn',
    'network/address.ts#hostOf',
    'network/address.ts#compareAddresses',
    'config.ts#hostPortOf',
  ],
  codes: [],
  format: 'text',
  seeds: [
    `/ip4/10.0.0.2/tcp/1/p2p/${peer}`,
    '/ip6/::1/tcp/2428',
    '/dns4/node.example/tcp/80',
    `/ip4/10.0.0.2/tcp/1/p2p/${peer}/p2p-circuit/p2p/${peer}`,
  ].map(utf8),
  run(input) {
    const address = textOf(input)
    const place = placeOf(address)
    if (peerIn(address) === undefined && place !== address) throw new Error('a place is shorter than its address')
    for (const other of [place, '/ip4/10.0.0.10/tcp/2428']) {
      const order = Math.sign(compareAddresses(address, other))
      if (order !== 0 && order === Math.sign(compareAddresses(other, address)))
        throw new Error('the order of two addresses depends on which is first')
    }
    hostOf(address)
    hostPortOf(address)
    return undefined
  },
}

const id = ops[0]?.id ?? ''

/** Of what names something, as clients write it. */
const IN_HEX = [parseHexId, contextIdOf, blobHashOf]
const IN_BASE58 = [contextIdOf, applicationIdOf, blobIdOf, publicKeyOf, blobHashOf]

const idTarget: Target = {
  name: 'id-text',
  decoders: [
    'base/ids.ts#parseHexId',
    'base/ids.ts#parseBase58Id',
    'base/ids.ts#idFromBytes',
    'server/formats/encodings.ts#contextIdOf',
    'server/formats/encodings.ts#applicationIdOf',
    'server/formats/encodings.ts#blobIdOf',
    'server/formats/encodings.ts#publicKeyOf',
    'server/formats/encodings.ts#blobHashOf',
  ],
  codes: ['ID_INVALID'],
  format: 'text',
  seeds: [utf8(id), utf8(toBase58(Buffer.from(id, 'hex')))],
  run(input) {
    const text = textOf(input)
    const isHex = text.length === 64
    const same: readonly string[] = (isHex ? IN_HEX : IN_BASE58).map((read) => read(text))
    const parsed = isHex ? parseHexId(text) : parseBase58Id(text)
    if (same.some((each) => each !== parsed)) throw new Error('one text is two ids')
    if (isHex) return utf8(text === text.toLowerCase() ? parsed : text)
    return utf8(idBase58(parsed))
  },
}

const options = {
  serverHost: '127.0.0.1',
  serverPort: 80,
  swarmHost: '::',
  swarmPort: 2428,
  bootNodes: ['/ip4/10.0.0.2/tcp/1'],
  mdns: true,
}
const config = freshConfig(alice, options)
const toml = stringify(config)
/** Each with one thing of another kind than it must be. */
const misfits = [
  { ...config, swarm: 5 },
  { ...config, swarm: { listen: 'nowhere' } },
  { ...config, swarm: { listen: [5] } },
  { ...config, server: { ...config.server, auth_mode: 'none' } },
  { ...config, sync: { ...config.sync, timeout_ms: -1 } },
  { ...config, discovery: { mdns: 'yes' } },
  { ...config, identity: { ...config.identity, keypair: config.identity.keypair.repeat(3) } },
].map((each) => utf8(stringify(each)))

const configTarget: Target = {
  name: 'config-toml',
  decoders: ['config.ts#readSettings', 'config-problems.ts#problemsOf', 'config.ts#checkAuthMode'],
  codes: ['CONFIG_INVALID', 'CONFIG_UNSUPPORTED'],
  format: 'text',
  seeds: [
    utf8(toml),
    utf8(toml.replaceAll('\n', '\r\n')),
    utf8(stringify(freshConfig(alice, { ...options, authMode: 'proxy' }))),
    ...misfits,
  ],
  allocation: { perByte: 200, base: 1024 * 1024 },
  blocksPerByte: 4000,
  share: 0.2,
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    try {
      const { settings } = readSettings(text, 'config.toml')
      checkAuthMode(settings.server.auth_mode, 'server.auth_mode')
    } catch (error) {
      // The private key stands in the file: no message may show it.
      const shown =
        error instanceof ConfigError ? `${error.message} ${JSON.stringify(error.data)} ${String(error.cause)}` : ''
      if (shown.includes(SECRET)) throw new Error('a message shows the private key')
      throw error
    }
    return undefined
  },
}

const SECRET = toBase58(alice.seed).slice(4, 24)

const joined = ops.find((op) => op.body.kind === 'member_joined')
const invitation =
  joined?.body.kind === 'member_joined' ? JSON.stringify(invitationToJson(joined.body.invitation)) : '{}'

const invitationTarget: Target = {
  name: 'invitation-json',
  decoders: [
    'server/formats/json/json.ts#parseJson',
    'server/formats/encodings.ts#invitationFromJson',
    'wire/invitation.ts#invitation',
  ],
  codes: ['BAD_REQUEST', 'WIRE_SHAPE', 'schema'],
  format: 'text',
  seeds: [utf8(invitation)],
  allocation: { perByte: 200, base: 1024 * 1024 },
  blocksPerByte: 4000,
  run(input) {
    const json = parseJson(input)
    // As the framework does for the route.
    if (!Value.Check(InvitationJson, json)) throw new Rejected('schema')
    const read = invitationFromJson(json)
    encodeInvitationBody(read)
    verifyInvitation(read)
    return undefined
  },
}

const jsonTarget: Target = {
  name: 'json-text',
  decoders: [
    'server/formats/json/json.ts#parseJson',
    'server/formats/json/scan.ts#JsonScan',
    'server/formats/json/tokens.ts#numberEnd',
    'server/formats/json/tokens.ts#escapeEnd',
    'base/bytes.ts#fromUtf8',
  ],
  codes: ['BAD_REQUEST'],
  format: 'text',
  seeds: [
    utf8('{"a":[1,2.5,"é",null,true,18446744073709551615]}'),
    utf8('{"params":{"argsJson":{"a":[-1.5e+3,"\\u00e9\\n",false]}}}'),
  ],
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    const written = JSON.stringify(parseJson(input))
    if (JSON.stringify(parseJson(utf8(written))) !== written) throw new Error('JSON changes when it is read again')
    // What is left raw is read by somebody else.
    const raw: unknown = Reflect.get(Object(Reflect.get(Object(parseJson(input, RAW)), 'params')), 'argsJson')
    const plain: unknown = Reflect.get(Object(Reflect.get(Object(JSON.parse(text)), 'params')), 'argsJson')
    const read: unknown = raw instanceof RawJson ? JSON.parse(fromUtf8(raw.bytes)) : raw
    if (JSON.stringify(read) !== JSON.stringify(plain)) throw new Error('what is left raw is something else')
    return undefined
  },
}

const RAW = { rawAt: ['params', 'argsJson'] }

const QUERY = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  id: Type.String({ minLength: 1 }),
})

const queryTarget: Target = {
  name: 'query',
  decoders: ['server/routing/query.ts#readQuery'],
  codes: ['BAD_REQUEST'],
  format: 'text',
  seeds: [utf8('limit=5&offset=0&id=notes'), utf8('id=a')],
  run(input) {
    // As the framework hands them over: one text a name, or a list of them.
    const given: Record<string, unknown> = {}
    const all = new URLSearchParams(textOf(input))
    for (const name of new Set(all.keys())) {
      const values = all.getAll(name)
      Object.defineProperty(given, name, { value: values.length === 1 ? values[0] : values, enumerable: true })
    }
    pagingOf(readQuery(QUERY, given))
    return undefined
  },
}

export const outsideTargets: readonly Target[] = [
  frameTarget,
  peerTarget,
  addressTarget,
  idTarget,
  configTarget,
  invitationTarget,
  jsonTarget,
  queryTarget,
]
