// Frames with which a blob is asked for and sent.
import { concat } from '../../src/base/bytes.ts'
import type { BlobId, ContextId, NamespaceId } from '../../src/base/ids.ts'
import {
  type BlobAnswer,
  type BlobRequest,
  blobRequestMessage,
  decodeBlobFrame,
  encodeBlobAnswer,
} from '../../src/wire/blob-messages.ts'
import { bytesOf, idOf } from '../../src/wire/messages.fixture.ts'
import type { Target } from '../target.ts'
import { codecTarget, WIRE } from './codec-target.ts'

const requests = (contextId: ContextId, namespaceId: NamespaceId): readonly BlobRequest[] => [
  { t: 'open', scope: { t: 'context', id: contextId }, blobId: idOf<BlobId>('blob') },
  { t: 'open', scope: { t: 'namespace', id: namespaceId }, blobId: idOf<BlobId>('blob') },
  { t: 'chunk', index: 3 },
]
const blobAnswers: readonly BlobAnswer[] = [
  { t: 'manifest', size: 5, chunks: bytesOf('hash') },
  { t: 'refused', code: 'not_found', message: 'gone' },
]

const blobFrameTarget: Target = {
  name: 'blob-frame',
  decoders: ['wire/blob-messages.ts#decodeBlobFrame'],
  codes: WIRE,
  format: 'cbor',
  seeds: [...blobAnswers.map(encodeBlobAnswer), Uint8Array.of(1, 7, 8, 9)],
  run(input) {
    const frame = decodeBlobFrame(input)
    return frame.t === 'chunk' ? concat([Uint8Array.of(1), frame.bytes]) : encodeBlobAnswer(frame)
  },
}

export const blobTargets = (contextId: ContextId, namespaceId: NamespaceId): readonly Target[] => [
  codecTarget(
    'blob-request',
    blobRequestMessage,
    'wire/blob-messages.ts#blobRequestMessage',
    requests(contextId, namespaceId).map((request) => blobRequestMessage.encode(request)),
  ),
  blobFrameTarget,
]
