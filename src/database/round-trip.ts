// Several prepared statements in one round trip, what a COPY reads among them.
//
// pg waits for the answer to a statement before it sends the next one. It can send several as one text, but then without
// parameters, and Postgres parses and plans them anew each time: a quarter of its work where transactions are small. Here
// they go out together and prepared, with one Sync behind them, as the protocol has it (PostgreSQL manual: Message Flow,
// "Extended Query", "Pipelining", "COPY Operations"). Where one fails, those behind it are not run.
import { createHash } from 'node:crypto'
import pg, { type PoolClient, type QueryResult } from 'pg'
import { serialize } from 'pg-protocol'
import { limitsStatement } from './time-limits.ts'

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
let prepared = new WeakMap<pg.Connection, Set<string>>()

/** A pooler's server connections know different statements; one try for each of the two that a process may meet. */
const UNPREPARED_RETRIES = 2
const UNKNOWN_STATEMENT = '26000'

/**
 * Runs `work`, once more where it failed because the server did not know a statement that was prepared: a pooler in
 * transaction mode has given the client another server connection.
 *
 * @param work one transaction, made of round trips; nothing of a failed try may stay
 */
export async function retryUnprepared<T>(work: () => Promise<T>): Promise<T> {
  for (let retries = UNPREPARED_RETRIES; ; retries--) {
    try {
      return await work()
    } catch (error) {
      if (retries === 0 || (error as { code?: unknown }).code !== UNKNOWN_STATEMENT) throw error
      prepared = new WeakMap()
    }
  }
}

/** @returns a result for each statement, in their order */
export function roundTrip(client: PoolClient, statements: readonly Statement[]): Promise<QueryResult[]> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, results: QueryResult | QueryResult[]) => {
      if (error === null) return resolve([results].flat().slice(-statements.length))
      query.forget()
      reject(error)
    }
    const query = new RoundTrip(client, statements, settle as unknown as Callback)
    client.query(query)
  })
}

/** What pg's own query knows of answers holds for these: one text may have several results, too. */
class RoundTrip extends pg.Query {
  #connection: pg.Connection | undefined

  constructor(client: PoolClient, statements: readonly Statement[], callback: Callback) {
    super('', callback)
    this.submit = (connection) => {
      this.#connection = connection
      const limits = limitsStatement(client)
      const first = limits === null ? [] : [{ name: 'limits', text: limits }]
      // A connection that has gone says so by itself.
      if (connection.stream.writable) send(connection, [...first, ...statements])
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
  for (const statement of statements) {
    const { text, values = [], rows } = statement
    const name = serverName(statement)
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

const serverNames = new Map<string, string>()

/**
 * The name that a statement is prepared by: the clients of a pooler share what is prepared, and another release may give
 * `name` to another text.
 */
export function serverName({ name, text }: Statement): string {
  if (name === '') return ''
  let known = serverNames.get(text)
  if (known === undefined) {
    known = `${name}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
    serverNames.set(text, known)
  }
  return known
}

function toText(value: Value | readonly Value[]): string | null {
  if (value === null) return null
  return typeof value === 'object' ? `{${value.map(toElement).join(',')}}` : String(value)
}

function toElement(value: Value): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `"${value.replace(/["\\]/g, '\\$&')}"`
}
