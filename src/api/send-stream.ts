// Sending an answer piece by piece, as fast as its reader takes it. Ends when he leaves, or the service does.
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isTransient } from '../database/sqlstate.ts'
import { toAppError } from '../errors.ts'
import { EVENT_STREAM, formatEvent, type OpenStreams, STREAM_HEADERS } from './live/event-stream.ts'

export interface StreamParts {
  request: FastifyRequest
  reply: FastifyReply
  streams: OpenStreams
}

type Pieces = (signal: AbortSignal) => AsyncGenerator<string | Buffer>

/** What fails before there is a first piece is answered as any error is; what fails later cuts the answer off. */
export async function sendStream(
  { request, reply, streams }: StreamParts,
  type: string,
  make: Pieces,
  { gzip = false } = {},
): Promise<FastifyReply> {
  const leaving = new AbortController()
  const leave = () => leaving.abort(new Error('the reader left'))
  request.signal.addEventListener('abort', leave, { once: true })
  const remove = streams.add(leave)
  const pieces = make(leaving.signal)
  try {
    const first = await pieces.next()
    const stream = Readable.from(startingWith(first, pieces), { objectMode: true, highWaterMark: 1 })
    stream.once('close', () => {
      leave()
      remove()
    })
    const sent = gzip ? stream.compose(createGzip()) : stream
    reply.headers(STREAM_HEADERS).type(type)
    return reply.send(sent)
  } catch (error) {
    remove()
    throw error
  }
}

/** As events; what fails in their midst is told by one: `problem`. */
export function sendEvents(parts: StreamParts, make: Pieces): Promise<FastifyReply> {
  const { log } = parts.request
  return sendStream(parts, EVENT_STREAM, async function* (signal) {
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
