// The drain bodies of test/fixtures/drain-vectors.jsonl with what a strict octet reading of them gives.
import { readFileSync } from 'node:fs'

export interface ExpectedFrame {
  pri: number
  ts: string
  host: string
  app: string
  proc: string
  msgid: string
  message: Buffer
}

export interface DrainVector {
  name: string
  headers: Record<string, string>
  body: Buffer
  /** The frames in order; null where the reading that made the vectors could not read one's header. */
  frames: (ExpectedFrame | null)[]
  /** Every byte of the body belongs to a frame. */
  wellFormed: boolean
}

interface StoredFrame extends Omit<ExpectedFrame, 'message'> {
  msg: string
  msg_base64?: string
  unparsed_frame_base64?: string
}

const PATH = new URL('../fixtures/drain-vectors.jsonl', import.meta.url)

export const drainVectors: DrainVector[] = readFileSync(PATH, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
  .map((vector) => {
    const stored: StoredFrame[] = vector.frames
    return {
      name: `${vector.source} ${vector.note}`.slice(0, 120),
      headers: vector.headers,
      body: Buffer.from(vector.body_base64, 'base64'),
      frames: stored.map(({ msg, msg_base64, unparsed_frame_base64, ...fields }) =>
        unparsed_frame_base64 === undefined
          ? {
              ...fields,
              message: Buffer.from(msg_base64 ?? msg, msg_base64 === undefined ? 'utf8' : 'base64'),
            }
          : null,
      ),
      wellFormed: !vector.malformed_at && !/gzip/.test(JSON.stringify(vector.headers)),
    }
  })
