// One of eight hues for a process, the same on every page and every day. Red and yellow are not among them: those say
// how bad a line is. Pure.

export const HUES = 8

/** `web.1` -> 0 to 7. The dynos of one type differ; FNV-1a, because neighbours in the alphabet must not look alike. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  }
  // The low bits of FNV alone are poor for short names.
  return ((hash ^ (hash >>> 15) ^ (hash >>> 7)) >>> 0) % HUES
}
