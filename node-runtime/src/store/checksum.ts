// CRC-32C as LevelDB keeps it: masked, since a checksum of bytes that hold checksums is a weak one. Pure.
import type { Bytes } from '../base/bytes.ts'

const CRC_MASK = 0xa282ead8

export function unmasked(masked: number): number {
  const rotated = (masked - CRC_MASK) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
})

export function crc32c(bytes: Bytes): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
