// SECRET_KEYS: what secrets in the database are sealed with.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { SettingType } from './setting.ts'

/** The first of a list seals, each opens. `key` is 32 bytes in base64. */
export interface SecretKey {
  readonly id: string
  readonly key: string
}

/** Used in development. Anyone can read it here, so production refuses it. */
export const DEVELOPMENT_KEY: SecretKey = {
  id: 'development',
  key: createHash('sha256').update('the key of every Culvert in development').digest('base64'),
}

/**
 * Keys separated by commas, each `id:key`. A key is 32 bytes in base64 (`openssl rand -base64 32`) or in hex, which is
 * what Heroku's button generates; a key without an id gets one from its hash.
 */
export const secretKeys: SettingType<readonly SecretKey[]> = {
  schema: z.string().transform((written, context): readonly SecretKey[] => {
    const keys = written.split(',').map((entry) => readKey(entry.trim()))
    if (keys.some((key) => key === null))
      context.addIssue('each key must be "name:" and 32 bytes in base64 (openssl rand -base64 32).')
    else if (new Set(keys.map((key) => key?.id)).size < keys.length)
      context.addIssue('two keys have the same name.')
    return keys.filter((key) => key !== null)
  }),
  values: '`name:` and 32 bytes in base64 or hex; several separated by commas',
}

function readKey(entry: string): SecretKey | null {
  const [, id, digits = ''] = /^(?:([\w-]{1,32}):)?(.*)$/s.exec(entry) ?? []
  const isHex = /^[0-9a-f]{64}$/i.test(digits)
  // Node's reading of base64 is lenient; a typing mistake must not become another key.
  const isBase64 = /^[\w+/-]{43}=?$/.test(digits)
  const bytes = Buffer.from(digits, isHex ? 'hex' : 'base64')
  if ((!isHex && !isBase64) || bytes.length !== 32) return null
  const key = bytes.toString('base64')
  return { id: id ?? createHash('sha256').update(bytes).digest('hex').slice(0, 8), key }
}
