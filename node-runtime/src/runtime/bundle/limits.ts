// Caps on application bundles. A bundle beyond one of them is refused when it is installed.

const MIB = 1024 * 1024

export const BUNDLE_LIMITS = {
  /** Of the archive when it is unpacked: it is held in memory whole. A module may have 20 MiB, and is not alone in it. */
  unpackedBytes: 64 * MIB,
  /** Nobody writes as many by hand. */
  entries: 1024,
  /** Of one long name or extended header: paths have 4 KiB at most, the rest is attributes of files, which nobody reads here. */
  headerBytes: 64 * 1024,
  /** Of all of them: they are read record by record, each of which may have four bytes. */
  headersBytes: MIB,
  /** As in the reference. */
  manifestBytes: MIB,
  /** Of what it says of its methods: it is read whole. A large application has some hundred KiB. */
  abiBytes: 4 * MIB,
  /** Of the manifest: it is walked recursively to check its signature. */
  manifestDepth: 32,
  /** UTF-8, as for applications whose installer says it. */
  packageBytes: 128,
  versionBytes: 64,
  /** Of the application: all its modules are compiled when it is installed. */
  services: 16,
  /** As a context takes it. UTF-8. */
  serviceNameBytes: 64,
  /** Of what is shown of an application, made of the manifest. */
  metadataBytes: 64 * 1024,
} as const
