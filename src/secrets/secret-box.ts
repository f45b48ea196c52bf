// Secrets as they lie in the database: AES-256-GCM under a key that only the environment has. Pure over its key ring;
// knows neither tables nor Heroku.
//
//   version    1 byte    1
//   idBytes    1 byte    length of the key's id
//   id                   which key of the ring it is: what makes a rotation possible
//   nonce      12 bytes  random; with one key good for 2^32 secrets (NIST SP 800-38D, 8.3), which is more than there are
//   tag        16 bytes
//   ciphertext
//
// What it is of (resource and purpose) is authenticated and not written down: a row copied onto another resource, or
// an access token put into the place of a log input address, does not open.
import { createCipheriv, createDecipheriv } from 'node:crypto'

/** A key of the ring, as the settings have it. */
export interface SecretKey {
  id: string
  /** Base64 of 32 bytes. */
  key: string
}

export type SecretPurpose =
  | 'oauth grant'
  | 'access token'
  | 'refresh token'
  | 'log input address'
  | 'webhook secret'
  | 'webhook authorization'
  | 'alert webhook'
  | 'log endpoint'

/** What a secret is of. */
export interface SecretPlace {
  /** The uuid, in lower case. */
  resourceId: string
  purpose: SecretPurpose
}

export interface SecretBox {
  /** Under the first key. */
  seal(secret: string, place: SecretPlace): Buffer
  /**
   * Under whichever key it was sealed.
   *
   * @throws SecretBoxError
   */
  open(sealed: Uint8Array, place: SecretPlace): string
  /** How everything starts that is sealed under the first key; anything else is resealed. */
  readonly currentPrefix: Buffer
}

/** It does not open: a key that the ring has no more, another resource's secret, or damage. Says nothing of the content. */
export class SecretBoxError extends Error {
  override name = 'SecretBoxError'
}

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const ALGORITHM = 'aes-256-gcm'

export function createSecretBox(
  keys: readonly SecretKey[],
  randomBytes: (size: number) => Buffer,
): SecretBox {
  const ring = new Map(keys.map(({ id, key }) => [id, Buffer.from(key, 'base64')]))
  const [first] = keys
  if (first === undefined) throw new SecretBoxError('there is no key to seal secrets with')
  const currentPrefix = prefixOf(first.id)
  const currentKey = ring.get(first.id) as Buffer

  return {
    currentPrefix,

    seal(secret, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, currentKey, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(associated(currentPrefix, place))
      const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return Buffer.concat([currentPrefix, nonce, cipher.getAuthTag(), ciphertext])
    },

    open(sealed, place) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const nonceAt = 2 + (bytes[1] ?? 0)
      const tagAt = nonceAt + NONCE_BYTES
      const textAt = tagAt + TAG_BYTES
      if (bytes[0] !== VERSION || bytes.length < textAt) throw new SecretBoxError('this is no sealed secret')
      const keyId = bytes.toString('latin1', 2, nonceAt)
      const key = ring.get(keyId)
      if (key === undefined) {
        throw new SecretBoxError(
          `SECRET_KEYS lacks the key "${keyId}", which a stored secret was sealed with`,
        )
      }
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(nonceAt, tagAt), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(associated(bytes.subarray(0, nonceAt), place))
      decipher.setAuthTag(bytes.subarray(tagAt, textAt))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(textAt)), decipher.final()]).toString('utf8')
      } catch {
        throw new SecretBoxError(`a stored ${place.purpose} does not open: wrong key, wrong place or damage`)
      }
    },
  }
}

function prefixOf(keyId: string): Buffer {
  const id = Buffer.from(keyId, 'latin1')
  return Buffer.concat([Buffer.from([VERSION, id.length]), id])
}

function associated(prefix: Buffer, { resourceId, purpose }: SecretPlace): Buffer {
  return Buffer.concat([prefix, Buffer.from(`${resourceId}\0${purpose}`)])
}
