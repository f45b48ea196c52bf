// Reads the body of a delivery: chunks of a stream in, one Buffer out, decompressed, never above a bound.
import type { Readable } from 'node:stream'
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
export async function readBody(stream: Readable, options: BodyOptions): Promise<Buffer> {
  const encoding = options.encoding?.trim().toLowerCase() || 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new AppError('unsupported_encoding')
  }
  const body = await collect(stream, options)
  return encoding === 'identity' ? body : await decompressed(body, options.limitBytes)
}

/** By events: an iterator would take a dozen objects and as many turns for what is mostly a single chunk. */
function collect(stream: Readable, { limitBytes, timeoutMs }: BodyOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const fail = (error: unknown) => {
      clearTimeout(timer)
      reject(error)
      stream.destroy()
    }
    const timer = setTimeout(() => fail(new AppError('body_too_slow')), timeoutMs)
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= limitBytes) chunks.push(chunk)
      else fail(new AppError('body_too_large', { limit: limitBytes }))
    })
    stream.on('end', () => {
      clearTimeout(timer)
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes))
    })
    stream.on('error', fail)
    stream.on('close', () => {
      if (!stream.readableEnded) fail(new Error('the sender went away'))
    })
  })
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
