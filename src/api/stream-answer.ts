// An answer that is sent piece by piece, as fast as its reader takes it. Ends when the reader leaves, or the service does.
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { isTransient } from '../database/sqlstate.ts'
import { AppError, toAppError } from '../errors.ts'
import { EVENT_STREAM, formatEvent, type OpenStreams, STREAM_HEADERS } from './live/event-stream.ts'
import { type Call, RawAnswer } from './operation.ts'

export type StreamParts = Pick<Call<unknown, unknown, unknown>, 'request' | 'signal'> & {
  streams: OpenStreams
}

type Pieces = (signal: AbortSignal) => AsyncGenerator<string | Buffer>

/**
 * What fails before there is a first piece is thrown, and answered as any error is; what fails later cuts the answer off.
 *
 * @throws AppError unavailable where the service ends before the first piece
 */
export async function streamAnswer(
  { signal, streams }: StreamParts,
  type: string,
  make: Pieces,
  { gzip = false, headers = {} }: { gzip?: boolean; headers?: Record<string, string> } = {},
): Promise<RawAnswer> {
  const ending = new AbortController()
  const remove = streams.add(() => ending.abort(new AppError('unavailable')))
  const over = AbortSignal.any([signal, ending.signal])
  const pieces = make(over)
  try {
    const first = await pieces.next()
    const stream = Readable.from(startingWith(first, pieces), { objectMode: true, highWaterMark: 1 })
    // Not `compose`: closed by a client that left, it emits what its source throws once no listener is left.
    const sent = gzip ? pipeline(stream, createGzip(), () => {}) : stream
    // Fastify listens for as long as it sends. Before and after, an error without a listener would end the process.
    sent.on('error', () => {})
    // Closed without an error, before its source throws one: there is nothing to log.
    const cutOff = () => sent.destroy()
    over.addEventListener('abort', cutOff)
    sent.once('close', () => {
      over.removeEventListener('abort', cutOff)
      remove()
    })
    if (over.aborted) cutOff()
    return new RawAnswer(type, sent, { ...STREAM_HEADERS, ...headers })
  } catch (error) {
    remove()
    throw error
  }
}

/** As events; an error after the first is sent as one: `problem`. */
export function streamEvents(parts: StreamParts, make: Pieces): Promise<RawAnswer> {
  const { log } = parts.request
  return streamAnswer(parts, EVENT_STREAM, async function* (signal) {
    let isFirst = true
    try {
      for await (const piece of make(signal)) {
        yield piece
        isFirst = false
      }
    } catch (error) {
      if (isFirst || signal.aborted) throw error
      const told = toAppError(error, isTransient(error) ? 'unavailable' : 'internal')
      log.warn({ err: error }, 'a search failed in its midst')
      yield formatEvent('problem', { id: told.code, message: told.message })
    }
  })
}

async function* startingWith<T>(first: IteratorResult<T>, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    if (first.done) return
    yield first.value
    yield* rest
  } finally {
    await rest.return(undefined)
  }
}
