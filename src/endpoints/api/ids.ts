// Fastly's ids: 22 letters and digits, which is 128 bits. Pure.
import { createHash } from 'node:crypto'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LENGTH = 22

/** @param bytes 16, random for an id that nobody can guess */
export function toId(bytes: Uint8Array): string {
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let id = ''
  for (let at = 0; at < LENGTH; at++) {
    id = DIGITS[Number(number % 62n)] + id
    number /= 62n
  }
  return id
}

/** What clients are told as the customer: the same for a resource at all times, and tells nothing of it. */
export function customerId(resourceId: string): string {
  return toId(createHash('sha256').update(`customer ${resourceId}`).digest().subarray(0, 16))
}
