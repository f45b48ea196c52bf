// Several prepared statements in one round trip, what a COPY reads among them.
//
// pg waits for the answer to a statement before it sends the next one. It can send several as one text, but then without
// parameters, and Postgres parses and plans them anew each time: a quarter of its work where transactions are small. Here
// they go out together and prepared, with one Sync behind them, as the protocol has it (PostgreSQL manual: Message Flow,
// "Extended Query", "Pipelining", "COPY Operations"). Where one fails, those behind it are not run.
import pg, { type PoolClient, type QueryResult } from 'pg'
import { serialize } from 'pg-protocol'

type Value = string | number | null

export interface Statement {
  /** Of this text and no other; '' for one that need not be remembered. */
  name: string
  text: string
  /** An array is one parameter, an array. The text tells types: `$1::bigint[]`. */
  values?: readonly (Value | readonly Value[])[]
  /** For `copy … from stdin`: all of it. Must not change before there is an answer. */
  rows?: Buffer
}

export const BEGIN: Statement = { name: 'begin', text: 'begin' }
export const COMMIT: Statement = { name: 'commit', text: 'commit' }

type Callback = ConstructorParameters<typeof pg.Query>[1]

/** The names of what a connection has been given to prepare. */
const prepared = new WeakMap<pg.Connection, Set<string>>()

/** @returns a result for each statement, in their order */
export function roundTrip(client: PoolClient, statements: readonly Statement[]): Promise<QueryResult[]> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, results: QueryResult | QueryResult[]) => {
      if (error === null) return resolve(Array.isArray(results) ? results : [results])
      query.forget()
      reject(error)
    }
    const query = new RoundTrip(statements, settle as unknown as Callback)
    client.query(query)
  })
}

/** What pg's own query knows of answers holds for these: one text may have several results, too. */
class RoundTrip extends pg.Query {
  #connection: pg.Connection | undefined

  constructor(statements: readonly Statement[], callback: Callback) {
    super('', callback)
    this.submit = (connection) => {
      this.#connection = connection
      // A connection that has gone says so by itself.
      if (connection.stream.writable) send(connection, statements)
    }
  }

  /** Postgres is ready for rows, which have been sent. */
  handleCopyInResponse(): void {}

  /** Which of them are prepared is not known: those behind the one that failed are not, and that one may never have been. */
  forget(): void {
    if (this.#connection) prepared.delete(this.#connection)
  }
}

const DESCRIBE = serialize.describe({ type: 'P' })
const EXECUTE = serialize.execute()
const COPY_DONE = serialize.copyDone()
const SYNC = serialize.sync()
/** Of a message: its letter, and its length without that. */
const HEAD_BYTES = 5

function send(connection: pg.Connection, statements: readonly Statement[]): void {
  const names = prepared.get(connection) ?? new Set()
  prepared.set(connection, names)
  // Each piece that is written costs something, and rows are too many to be copied.
  let messages: Buffer[] = []
  connection.stream.cork()
  for (const { name, text, values = [], rows } of statements) {
    if (!names.has(name)) {
      // To close what is not there is no error, and to prepare what is there is one.
      messages.push(serialize.close({ type: 'S', name }), serialize.parse({ name, text }))
      if (name !== '') names.add(name)
    }
    messages.push(serialize.bind({ statement: name, values: values.map(toText) }), DESCRIBE, EXECUTE)
    if (rows === undefined) continue
    const head = Buffer.from('d....')
    head.writeUInt32BE(rows.length + HEAD_BYTES - 1, 1)
    connection.stream.write(Buffer.concat([...messages, head]))
    connection.stream.write(rows)
    messages = [COPY_DONE]
  }
  connection.stream.write(Buffer.concat([...messages, SYNC]))
  connection.stream.uncork()
}

function toText(value: Value | readonly Value[]): string | null {
  if (value === null) return null
  return typeof value === 'object' ? `{${value.map(toElement).join(',')}}` : String(value)
}

function toElement(value: Value): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `"${value.replace(/["\\]/g, '\\$&')}"`
}
