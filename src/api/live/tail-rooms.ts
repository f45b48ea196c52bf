// All live readers of this process, those of one resource in one room: a line is taken apart and written as JSON once for
// all of them, and matched once for all who search the same.
//
// Looking at lines never takes more than half of the process: it goes on for ten milliseconds, then everybody else has
// as long. Readers who cannot be served so, with expressions that are dear, or too many, are told what was skipped.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { LogLine } from '../../logplex/framed-line.ts'
import type { Gap, LogStore } from '../../logs/log-store.ts'
import type { Following } from '../../logs/log-tail.ts'
import type { Apps } from '../../query/line-view.ts'
import { matches, print, type Query } from '../../query/query.ts'
import type { AppNames } from '../line.ts'
import { JsonCache, SharedLines } from './shared-lines.ts'
import type { TailCounters } from './tail-counters.ts'
import type { TailForm } from './tail-form.ts'
import { TailReader } from './tail-reader.ts'

const SLICE_MS = 10
const PULSE_MS = 2_000
/** Every so many pulses: whether the reader still may, and how the apps are called. */
const CHECK_PULSES = 5
/** Losses are told with the minute they were in, and a spooled delivery may tell of them late. */
const GAPS_BACK_MS = 900_000

export interface TailRoomsParts {
  gaps: LogStore['gaps']
  appNames: AppNames
  counters: TailCounters
  log: Pick<FastifyBaseLogger, 'warn'>
  now(): Date
}

interface Room {
  shared: SharedLines
  readers: Map<TailReader, Admission>
  /** For each search in use: which lines it matches. */
  answers: Map<string, { readers: number; of: WeakMap<LogLine, boolean> }>
  /** Lines known to be missing, by drain, minute and kind; null until they were read for the first time. */
  gaps: Map<string, number> | null
}

interface Admission {
  search: string
  following: Following
  stillMay(): Promise<boolean>
}

export interface NewReader {
  resourceNumber: number
  search: Query
  form: TailForm
  following: Following
  /** So many lines of the past, at most. */
  last: number
  lastReceivedAt: string | null
  stillMay(): Promise<boolean>
}

export class TailRooms {
  readonly #parts: TailRoomsParts
  readonly #rooms = new Map<number, Room>()
  readonly #json = new JsonCache()
  #looking: Promise<void> | null = null
  #pulsing: NodeJS.Timeout | undefined
  #isPulsing = false
  #pulses = 0
  #size = 0

  constructor(parts: TailRoomsParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#size
  }

  /** Lets the reader in; he leaves when his stream closes. */
  async add(added: NewReader): Promise<TailReader> {
    const { resourceNumber, search, form, following, last, lastReceivedAt, stillMay } = added
    const room = await this.#roomOf(resourceNumber)
    const text = print(search)
    const answers = room.answers.get(text) ?? { readers: 0, of: new WeakMap() }
    answers.readers++
    room.answers.set(text, answers)
    const ask = (line: LogLine): boolean => {
      const known = answers.of.get(line)
      if (known !== undefined) return known
      const answer = matches(search, room.shared.searched(line))
      answers.of.set(line, answer)
      return answer
    }
    const reader = new TailReader(
      {
        form,
        matches: search.kind === 'everything' ? () => true : ask,
        shared: () => room.shared,
        counters: this.#parts.counters,
        lastReceivedAt,
      },
      following.position,
    )
    room.readers.set(reader, { search: text, following, stillMay })
    this.#size++
    // Destroyed by a reader who left, ended by us: 'close' comes either way.
    reader.out.once('close', () => this.#remove(resourceNumber, reader))
    if (following.history) {
      const { lines, older } = following.history
      reader.begin(last === 0 ? [] : lines.toReversed(), older)
    }
    following.listen(
      (part) => {
        reader.take(part)
        this.#look()
      },
      () => reader.end('behind'),
    )
    this.#pulsing ??= setInterval(() => void this.#pulse(), PULSE_MS).unref()
    return reader
  }

  async #roomOf(resourceNumber: number): Promise<Room> {
    const known = this.#rooms.get(resourceNumber)
    if (known) return known
    const apps = await this.#parts.appNames(resourceNumber)
    const room = this.#rooms.get(resourceNumber) ?? {
      shared: this.#share(apps),
      readers: new Map(),
      answers: new Map(),
      gaps: null,
    }
    this.#rooms.set(resourceNumber, room)
    return room
  }

  #share(apps: Apps): SharedLines {
    return new SharedLines(apps, this.#json, this.#parts.counters)
  }

  #remove(resourceNumber: number, reader: TailReader): void {
    const room = this.#rooms.get(resourceNumber)
    const admission = room?.readers.get(reader)
    if (room === undefined || admission === undefined) return
    admission.following.stop()
    room.readers.delete(reader)
    this.#size--
    this.#parts.counters.tailsEnded++
    const answers = room.answers.get(admission.search)
    if (answers && --answers.readers === 0) room.answers.delete(admission.search)
    if (room.readers.size === 0) this.#rooms.delete(resourceNumber)
    if (this.#size > 0) return
    clearInterval(this.#pulsing)
    this.#pulsing = undefined
  }

  #look(): void {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = null
    })
  }

  async #lookAtAll(): Promise<void> {
    // In the next turn, so that what is handed out at once is looked at together.
    await new Promise((resolve) => setImmediate(resolve))
    let started = performance.now()
    for (let isWaiting = true; isWaiting; ) {
      isWaiting = false
      for (const { readers } of this.#rooms.values()) {
        // In turns, so that one with a dear search does not keep the others waiting.
        for (const reader of readers.keys()) {
          if (!reader.isWaiting) continue
          reader.look(performance.now() + SLICE_MS)
          isWaiting ||= reader.isWaiting
          const worked = performance.now() - started
          if (worked < SLICE_MS) continue
          await sleep(worked)
          started = performance.now()
        }
      }
    }
  }

  async #pulse(): Promise<void> {
    // The one before waits for the database.
    if (this.#isPulsing) return
    this.#isPulsing = true
    try {
      const now = this.#parts.now()
      for (const { readers } of this.#rooms.values()) {
        for (const reader of readers.keys()) reader.pulse(now, PULSE_MS / 1000)
      }
      const isCheck = ++this.#pulses % CHECK_PULSES === 0
      for (const [number, room] of this.#rooms) {
        await this.#tellGaps(number, room, now)
        if (isCheck) await this.#check(number, room)
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'live readers could not be looked after; tried again')
    } finally {
      this.#isPulsing = false
    }
  }

  async #tellGaps(resourceNumber: number, room: Room, now: Date): Promise<void> {
    const found = await this.#parts.gaps(resourceNumber, new Date(now.getTime() - GAPS_BACK_MS))
    const before = room.gaps
    room.gaps = new Map(found.map((gap) => [keyOf(gap), gap.lines]))
    // What was missing before anybody read is no news.
    if (before === null) return
    for (const gap of found.toReversed()) {
      const lines = gap.lines - (before.get(keyOf(gap)) ?? 0)
      if (lines <= 0) continue
      const told = { kind: gap.kind, lines, minute: gap.minute, drain_id: gap.drainId }
      for (const reader of room.readers.keys()) reader.gap(told)
    }
  }

  async #check(resourceNumber: number, room: Room): Promise<void> {
    const apps = await this.#parts.appNames(resourceNumber)
    if (!isSame(apps, room.shared.apps)) {
      room.shared = this.#share(apps)
      for (const answers of room.answers.values()) answers.of = new WeakMap()
    }
    for (const [reader, { stillMay }] of room.readers) if (!(await stillMay())) reader.end('signed_out')
  }
}

function keyOf({ drainId, minute, kind }: Gap): string {
  return `${drainId} ${minute} ${kind}`
}

function isSame(a: Apps, b: Apps): boolean {
  return a.size === b.size && [...a].every(([id, name]) => b.get(id) === name)
}
