// Reads the body of a delivery: chunks of a stream in, one Buffer out, decompressed, never above a bound.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { AppError } from '../errors.ts'

const decompress = promisify(gunzip)

export interface BodyOptions {
  /** `Content-Encoding` of the request. */
  encoding: string | undefined
  /** Bound for the body as sent and as decompressed. */
  limitBytes: number
  /** The whole body must have arrived after this long, however it trickles. */
  timeoutMs: number
}

/**
 * @throws AppError body_too_large, unsupported_encoding, body_unreadable, body_too_slow; the stream's own error
 *   where the sender went away
 */
export async function readBody(
  stream: AsyncIterable<Buffer> & { destroy?(): void },
  options: BodyOptions,
): Promise<Buffer> {
  const encoding = options.encoding?.trim().toLowerCase() || 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new AppError('unsupported_encoding')
  }
  const body = await collect(stream, options)
  return encoding === 'identity' ? body : await decompressed(body, options.limitBytes)
}

async function collect(
  stream: AsyncIterable<Buffer> & { destroy?(): void },
  { limitBytes, timeoutMs }: BodyOptions,
): Promise<Buffer> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    stream.destroy?.()
  }, timeoutMs)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of stream) {
      bytes += chunk.length
      if (bytes > limitBytes) throw new AppError('body_too_large', { limit: limitBytes })
      chunks.push(chunk)
    }
  } catch (error) {
    throw late ? new AppError('body_too_slow') : error
  } finally {
    clearTimeout(timer)
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes)
}

async function decompressed(body: Buffer, limitBytes: number): Promise<Buffer> {
  if (body.length === 0) return body
  try {
    return await decompress(body, { maxOutputLength: limitBytes })
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw tooLarge
      ? new AppError('body_too_large', { limit: limitBytes })
      : new AppError('body_unreadable', {}, { cause: error })
  }
}
