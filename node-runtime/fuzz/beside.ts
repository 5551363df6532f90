// Exports whose names sound like decoders of bytes from outside, and why they have no target.

export const BESIDE: Readonly<Record<string, string>> = {
  'admin-credentials.ts#readAdminCredentials': 'reads flags, the environment and files of the operator',
  'auth/auth.ts#openAuth': 'opens the service; its records have targets',
  'base/bytes.ts#fromHex': 'of texts that `parseHexId` and others have checked',
  'blobs/blob-reader.ts#BlobReader': 'its chunks must have the hashes of the record, which is `blob-record`',
  'blobs/guest-blobs.ts#openGuestBlob': 'opens a file; its record is `blob-record`',
  'blobs/layout.ts#readRecord': 'reads a file for `decodeRecord`',
  'context/opening.ts#openRows': 'reads rows through their decoders',
  'inspect/readable.ts#readable': 'reads rows through their decoders',
  'network/libp2p/library-terms.ts#parseAddress': 'of what the operator wrote; the library parses it',
  'network/libp2p/relay/boot-node.ts#openBootNode': 'starts a node of the library',
  'node-auth.ts#openNodeAuth': 'opens the service; its records have targets',
  'outputs.ts#endWithReader': 'reads nothing',
  'runtime/bundle/bundle.ts#openBundle':
    'zlib unpacks it on another thread; all else is `readBundle`, which has a target',
  'server/bodies/reading.ts#readBody': 'gathers pieces; what is in them is for the parsers behind it',
  'server/formats/json/reader.ts#JsonReader': 'reads through parseJson and JsonScan',
  'server/openapi/document.ts#openApiDocument': 'makes a document',
  'server/routes/node/openapi.ts#openApiRoute': 'declares a route',
  'store/level.ts#openLevelStore': 'LevelDB has checksums of its own',
}
