// The form in which TDX hands out a report: a quote of version 4, as Intel has published it. Only what a mock has to say is
// in it; the rest is zero. Nothing here reads one: what others have signed is not trusted yet.
import { type Bytes, concat, toHex } from '../../base/bytes.ts'
import type { Measurements } from '../../base/operations.ts'

const VERSION = 4
/** ECDSA over P-256, by the number that Intel has given it: a mock signs with Ed25519, which has none. */
const KEY_TYPE_NONE = 0
const TEE_TDX = 0x81
const REPORT_DATA_BYTES = 64
/** Certification data of no kind. */
const NO_CERTIFICATES = 0

export interface TdxQuote {
  readonly bytes: Bytes
  readonly header: Readonly<Record<string, string | number>>
  /** In hex. */
  readonly body: Readonly<Record<string, string>>
  readonly signature: string
}

interface Report {
  readonly measurements: Measurements
  /** 64 bytes. */
  readonly reportData: Bytes
}

/** `sign`: 64 bytes over header and body. */
export function quoteOf({ measurements, reportData }: Report, sign: (signed: Bytes) => Bytes): TdxQuote {
  if (reportData.byteLength !== REPORT_DATA_BYTES)
    throw new RangeError(`a report has ${REPORT_DATA_BYTES} bytes of data`)
  const { mrtd, rtmrs } = measurements
  const zero = (length: number) => new Uint8Array(length)
  const header = {
    version: little(VERSION, 2),
    attestationKeyType: little(KEY_TYPE_NONE, 2),
    teeType: little(TEE_TDX, 4),
    qeSvn: zero(2),
    pceSvn: zero(2),
    qeVendorId: zero(16),
    userData: zero(20),
  }
  const body = {
    teeTcbSvn: zero(16),
    mrseam: zero(48),
    mrsignerseam: zero(48),
    seamattributes: zero(8),
    tdattributes: zero(8),
    xfam: zero(8),
    mrtd,
    mrconfigid: zero(48),
    mrowner: zero(48),
    mrownerconfig: zero(48),
    ...Object.fromEntries(rtmrs.map((rtmr, i) => [`rtmr${i}`, rtmr])),
    reportdata: reportData,
  }
  const signed = concat([...Object.values(header), ...Object.values(body)])
  const signature = sign(signed)
  const data = concat([signature, little(NO_CERTIFICATES, 2), little(0, 4)])
  return {
    bytes: concat([signed, little(data.byteLength, 4), data]),
    header: {
      version: VERSION,
      attestationKeyType: KEY_TYPE_NONE,
      teeType: TEE_TDX,
      qeSvn: 0,
      pceSvn: 0,
      qeVendorId: toHex(header.qeVendorId),
      userData: toHex(header.userData),
    },
    body: Object.fromEntries(Object.entries(body).map(([name, value]) => [name, toHex(value)])),
    signature: toHex(signature),
  }
}

/** Little-endian. */
function little(value: number, length: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => (value >>> (8 * i)) & 0xff)
}
