// Incidents in the traffic: a crash loop, a deploy, exhausted memory, a long stack trace. Pure.

import { refusedRequest } from './traffic-requests.ts'
import type { TrafficStage } from './traffic-stage.ts'

const SECOND = 1_000_000
const STORIES: Record<string, (stage: TrafficStage) => void> = { stackTrace, deploy, memoryQuota, crashLoop }

/** Plays each story once before any is repeated. */
export function nextStory(stage: TrafficStage): void {
  const { stories } = stage.state
  if (stories.length === 0) stories.push(...Object.keys(STORIES))
  const [name] = stories.splice(stage.random.int(0, stories.length - 1), 1)
  STORIES[name as string]?.(stage)
}

function platform(stage: TrafficStage, process: string) {
  return (afterSeconds: number, message: string) =>
    stage.emit(afterSeconds * SECOND + stage.random.int(0, 900), {
      priority: 45,
      source: 'heroku',
      process,
      message,
    })
}

function app(stage: TrafficStage, process: string) {
  return (afterSeconds: number, message: string) =>
    stage.emit(afterSeconds * SECOND, { priority: 190, source: 'app', process, message })
}

/** web.1 crashes, restarts, crashes again and finally starts; meanwhile the router answers H10. */
function crashLoop(stage: TrafficStage): void {
  const heroku = platform(stage, 'web.1')
  const web = app(stage, 'web.1')
  heroku(0, 'Process exited with status 1')
  heroku(0.05, 'State changed from up to crashed')
  for (let round = 0; round < 3; round++) {
    const start = 1 + round * 4
    refusedRequest(stage, (start - 0.4) * SECOND)
    refusedRequest(stage, (start - 0.2) * SECOND)
    heroku(start, 'State changed from crashed to starting')
    heroku(start + 0.8, 'Starting process with command `node server.js`')
    if (round === 2) {
      web(start + 1.9, `Listening on ${stage.random.int(10_000, 60_000)}`)
      heroku(start + 2, 'State changed from starting to up')
      return
    }
    web(start + 1.6, 'Error: connect ECONNREFUSED 10.0.42.7:6379')
    web(start + 1.60001, '    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)')
    heroku(start + 1.8, 'Process exited with status 1')
    heroku(start + 1.9, 'State changed from starting to crashed')
  }
}

function deploy(stage: TrafficStage): void {
  const { random, state } = stage
  const user = 'by user dev@example.com'
  const api = (afterSeconds: number, message: string) =>
    stage.emit(afterSeconds * SECOND, { priority: 133, source: 'app', process: 'api', message })
  state.release++
  state.memoryMegabytes = 220
  api(0, `Build started ${user}`)
  api(6, 'Build succeeded')
  api(6.1, `Deploy ${random.hex(8)} ${user}`)
  api(6.2, `Running release v${state.release} commands ${user}`)

  const release = `release.${random.int(1_000, 9_999)}`
  const heroku = platform(stage, release)
  heroku(6.5, "Starting process with command `/bin/sh -c 'bin/rails db:migrate'`")
  heroku(7, 'State changed from starting to up')
  app(stage, release)(8, '== 20260820101112 AddTraceIdToOrders: migrating =============================')
  app(stage, release)(8.2, '== 20260820101112 AddTraceIdToOrders: migrated (0.0312s) ====================')
  heroku(8.6, 'Process exited with status 0')
  heroku(8.7, 'State changed from up to complete')
  api(9, `Release v${state.release} created ${user}`)

  for (const process of ['web.2', 'worker.1']) {
    const dyno = platform(stage, process)
    dyno(9.5, 'Restarting')
    dyno(9.51, 'State changed from up to starting')
    dyno(10, 'Stopping all processes with SIGTERM')
    dyno(11, 'Process exited with status 143')
    dyno(12, `Starting process with command \`bin/rails ${process === 'web.2' ? 'server' : 'jobs:work'}\``)
    dyno(15, 'State changed from starting to up')
  }
}

function memoryQuota(stage: TrafficStage): void {
  const say = (afterSeconds: number, message: string) =>
    stage.emit(afterSeconds * SECOND, { priority: 134, source: 'heroku', process: 'worker.1', message })
  for (let round = 0; round < 3; round++) {
    const used = 520 + round * 9 + stage.random.int(0, 8)
    say(round * 20, `Process running mem=${used}M(${((used / 512) * 100).toFixed(1)}%)`)
    say(round * 20 + 0.0004, 'Error R14 (Memory quota exceeded)')
  }
}

/** One exception of 40 to 60 lines, each a message of its own, microseconds apart. */
function stackTrace(stage: TrafficStage): void {
  const { random } = stage
  const web = app(stage, 'web.2')
  const frames = random.int(36, 54)
  const lines = ["ActionView::Template::Error (undefined method `total' for nil:NilClass):"]
  for (let at = 1; at <= frames; at++) {
    const file = random.pick([
      'orders_controller',
      'cart',
      'line_item',
      'application_helper',
      'middleware/stack',
    ])
    lines.push(
      `  app/${file}.rb:${random.int(1, 400)}:in \`${random.pick(['call', 'render', 'each', 'block in show'])}'`,
    )
    if (at === Math.floor(frames / 2)) {
      lines.push('Caused by: PG::ConnectionBad: could not connect to server: Connection refused')
      lines.push('\tIs the server running on host "ec2-198-51-100-7.example" and accepting connections?')
    }
  }
  lines.push('  (end of trace)')
  let after = 0
  for (const line of lines) {
    after += random.int(3, 40)
    web(after / SECOND, line)
  }
}
