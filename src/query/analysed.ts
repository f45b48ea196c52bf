/**
 * Characters of a line that level, fields, codes, loss notices and expressions are read from; Logplex cuts a message at
 * 10,000 bytes. What is beyond is stored, shown and searched as text.
 */
export const MAX_ANALYSED = 16_384

/** The part of a text that is analysed, which ends between two letters. */
export function analysed(text: string): string {
  if (text.length <= MAX_ANALYSED) return text
  const isInsideLetter = (text.charCodeAt(MAX_ANALYSED - 1) & 0xfc00) === 0xd800
  return text.slice(0, isInsideLetter ? MAX_ANALYSED - 1 : MAX_ANALYSED)
}
