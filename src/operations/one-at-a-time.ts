// Requests of one connection are handled one after the other, in their order, and are not read ahead.
//
// Node hands over every request as soon as it has read its head, however many of the same connection are not answered
// yet, and reads on until their answers are more than the socket takes. Ours are empty, so a client that sends without
// waiting for answers (pipelining) had thousands of requests under way: 440 MB on Node 24.
//
// Node reads 64 kB at a time and parses them to their end. What is in them besides the request at hand waits here, and
// the connection is not read on until all of it has had its turn. Whoever packs more into them than any client needs is
// cut off.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class ConnectionCounters {
  /** Connections cut off because they sent too many requests without waiting for answers. */
  connectionsCut = 0
}

/** Requests that wait, of one connection and of all of them. Some 5 kB each. */
const MAX_WAITING = 500
const MAX_WAITING_IN_ALL = 5_000

interface Waiting {
  request: IncomingMessage
  response: ServerResponse
}

interface Connection {
  /** A request is at hand, or the next one is about to be. */
  isBusy: boolean
  waiting: Waiting[]
  /** The turn of the event loop in which the last answer was complete. */
  answeredIn: number
}

export function oneAtATime(handle: RequestListener, counters: ConnectionCounters): RequestListener {
  const connections = new WeakMap<Socket, Connection>()
  let waitingInAll = 0

  function connectionOf(socket: Socket): Connection {
    const known = connections.get(socket)
    if (known) return known
    const connection: Connection = { isBusy: false, waiting: [], answeredIn: -1 }
    connections.set(socket, connection)
    // Node sets it going by itself, with each message that it has parsed and each body that is read.
    socket.on('resume', () => {
      if (connection.waiting.length > 0) pause(socket)
    })
    socket.once('close', () => {
      waitingInAll -= connection.waiting.splice(0).length
    })
    return connection
  }

  function start(connection: Connection, { request, response }: Waiting): void {
    connection.isBusy = true
    response.once('close', () => {
      connection.isBusy = false
      connection.answeredIn = thisTurn()
      if (connection.waiting.length > 0) startNextLater(connection, request.socket)
    })
    handle(request, response)
  }

  /** Others first: what is answered at once would otherwise go on for as long as there is something to read. */
  function startNextLater(connection: Connection, socket: Socket): void {
    connection.isBusy = true
    setImmediate(() => {
      const next = connection.waiting.shift()
      if (next === undefined || socket.destroyed) return
      waitingInAll--
      // Of the last one, the body may not be here yet.
      if (connection.waiting.length === 0) socket.resume()
      start(connection, next)
    })
  }

  return (request, response) => {
    const { socket } = request
    // Cut off, and there is more in the chunk.
    if (socket.destroyed) return
    const connection = connectionOf(socket)
    if (!connection.isBusy && connection.answeredIn !== turn) {
      start(connection, { request, response })
      return
    }
    if (connection.waiting.length >= MAX_WAITING || waitingInAll >= MAX_WAITING_IN_ALL) {
      counters.connectionsCut++
      socket.destroy()
      return
    }
    connection.waiting.push({ request, response })
    waitingInAll++
    pause(socket)
    if (!connection.isBusy) startNextLater(connection, socket)
  }
}

/** Of the event loop; counted only where somebody asks. */
let turn = 0
let isTurnCounted = false

function thisTurn(): number {
  if (!isTurnCounted) {
    isTurnCounted = true
    setImmediate(() => {
      isTurnCounted = false
      turn++
    })
  }
  return turn
}

/**
 * What stops the reading is the event (node:_http_server, onSocketPause), which a socket emits only where it is not paused
 * already; yet a `resume` that was under way by then starts the reading again.
 */
function pause(socket: Socket): void {
  socket.pause()
  socket.emit('pause')
}
