// What the parts of the traffic share: the output for lines, and the state of the app.
import type { Random } from './random.ts'

export interface TrafficLine {
  /** Microseconds since 1970. */
  at: number
  priority: number
  source: 'app' | 'heroku'
  process: string
  /** Without line end. */
  message: string
}

/** Emits a line `afterMicros` after the current time of the traffic. */
type Emit = (afterMicros: number, line: Omit<TrafficLine, 'at'>) => void

export interface TrafficStage {
  random: Random
  app: string
  /** The state of the app: the release number rises, memory grows. */
  state: { release: number; memoryMegabytes: number; stories: string[] }
  emit: Emit
}
