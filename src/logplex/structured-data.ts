// STRUCTURED-DATA of RFC 5424 §6.3, only so far as to know where it ends. Pure.

const SPACE = 0x20
const QUOTE = 0x22
const EQUALS = 0x3d
const BACKSLASH = 0x5c
const OPEN = 0x5b
const CLOSE = 0x5d

/**
 * Where the message starts behind the SD-ELEMENTs at `start`: `[id name="value" …][…] message`.
 * -1 where what stands there is not structured data all through, like `[INFO] started`.
 */
export function endOfStructuredData(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] === OPEN) {
    at = endOfElement(bytes, at + 1, end)
    if (at === -1) return -1
  }
  if (at === end) return end
  return bytes[at] === SPACE ? at + 1 : -1
}

/** Behind the `]` of the element whose SD-ID starts at `start`. An element needs a parameter: `[INFO]` is text. */
function endOfElement(bytes: Uint8Array, start: number, end: number): number {
  let at = endOfName(bytes, start, end)
  if (at === start) return -1
  let parameters = 0
  while (at < end && bytes[at] === SPACE) {
    const nameEnd = endOfName(bytes, at + 1, end)
    if (nameEnd === at + 1 || bytes[nameEnd] !== EQUALS || bytes[nameEnd + 1] !== QUOTE) return -1
    at = nameEnd + 2
    while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
    if (at >= end) return -1
    at++
    parameters++
  }
  return parameters > 0 && at < end && bytes[at] === CLOSE ? at + 1 : -1
}

function endOfName(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const byte = bytes[at] as number
    if (byte <= SPACE || byte === EQUALS || byte === QUOTE || byte === CLOSE || byte > 0x7e) break
    at++
  }
  return at
}
