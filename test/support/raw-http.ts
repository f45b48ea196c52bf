// HTTP/1.1 by hand: bytes written to a socket as they are, and the status that comes back.
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'

const TIMEOUT_MS = 10_000

/** Sends the pieces one after the other, each in a write of its own, and resolves with the status of the answer. */
export function exchange(origin: string, pieces: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    let answer = ''
    socket.setNoDelay(true)
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed after: ${answer}`)))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]
      if (status === undefined || !answer.includes('\r\n\r\n')) return
      resolve(Number(status))
      socket.destroy()
    })
    void (async () => {
      for (const piece of pieces) await new Promise((written) => socket.write(piece, written))
    })()
  })
}

/** The body of a captured request as its sender meant it: chunks joined, decompressed. */
export function bodyOf(request: Buffer): Buffer {
  const start = request.indexOf('\r\n\r\n') + 4
  const head = request.toString('latin1', 0, start).toLowerCase()
  let body = request.subarray(start)
  if (head.includes('transfer-encoding: chunked')) body = joinChunks(body)
  return head.includes('content-encoding: gzip') ? gunzipSync(body) : body
}

function joinChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16)
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
