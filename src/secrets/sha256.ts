import { createHash } from 'node:crypto'

/** Tokens and session secrets are stored only as this: 32 bytes that do not lead back. */
export function sha256(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
