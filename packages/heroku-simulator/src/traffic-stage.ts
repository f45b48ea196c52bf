// What the parts of the traffic share: where they put lines, and what lives as long as the app.
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

/** Puts a line `afterMicros` past the moment that the scene is played at. */
type Emit = (afterMicros: number, line: Omit<TrafficLine, 'at'>) => void

export interface TrafficStage {
  random: Random
  app: string
  /** What lives as long as the app: the release goes up, memory grows. */
  state: { release: number; memoryMegabytes: number; stories: string[] }
  emit: Emit
}
