// The command `run`: provisions a resource, starts a command with the resource's config vars in its environment, and
// removes the resource afterwards.
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { CannotRun, readAddon } from '../addon.ts'
import { CannotPlay } from '../cannot-play.ts'
import { MANIFEST_FILE } from '../manifest/view.ts'
import { withResource } from '../with-resource.ts'
import { openWorld } from '../world.ts'
import type { Command, CommandContext } from './command.ts'
import { readManifest } from './manifest/read.ts'
import { readPort, readSeconds } from './read-options.ts'

/** Exit codes as shells use them. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const runAddon: Command = {
  name: 'run',
  summary: 'runs a command with the config vars of an add-on, on a resource made for it',
  help: (program) => `${program} run [-f <manifest>] [options] -- <command> [arguments]

Provisions a resource as Heroku does, runs the command with the resource's config vars in its environment, and removes
the resource, also if the command fails and after Ctrl-C. The add-on must be running.

  ${program} run -- env
  ${program} run --plan premium -- npm test

  -f, --file <manifest>   Default: ${MANIFEST_FILE}
  --production            use the production addresses
  --plan <slug>           Default: test
  --id-port, --api-port   ports of the simulated id server and Platform API, on 127.0.0.1. Default: any free port.
                          An add-on that answers 202 must call them: see ${program} test --help
  --client-secret <text>  the client secret that the add-on must send to exchange its grant. Default: any
  --wait <seconds>        how long an add-on that answers 202 may take to complete. Default: 30
  --legacy                provision as kensa did, before version 3
  --async                 with --legacy: the add-on sends its result to the callback_url

The exit status is that of the command, or ${NOT_FOUND} if there is no such command, ${NOT_EXECUTABLE} if it cannot be executed, 2 if nothing
could be provisioned, so that the command did not run, 1 if it succeeded but the resource could not be removed.
`,
  async run(args, context) {
    const { own, command } = splitAtDashes(args)
    const { values } = parseArgs({
      args: own,
      options: {
        file: { type: 'string', short: 'f', default: MANIFEST_FILE },
        production: { type: 'boolean', default: false },
        plan: { type: 'string', default: 'test' },
        'id-port': { type: 'string' },
        'api-port': { type: 'string' },
        'client-secret': { type: 'string' },
        wait: { type: 'string', default: '30' },
        legacy: { type: 'boolean', default: false },
        async: { type: 'boolean', default: false },
      },
    })
    if (command.length === 0) {
      context.writeError(`Name the command to run after two dashes: ${context.program} run -- env\n`)
      return 2
    }
    const interrupts = watchSignals()
    try {
      const { production } = values
      const world = await openWorld({
        addon: readAddon(readManifest(values.file).data, production),
        production,
        plans: [values.plan],
        idPort: readPort(values['id-port'], '--id-port'),
        apiPort: readPort(values['api-port'], '--api-port'),
        clientSecret: values['client-secret'],
        limits: { finishMs: readSeconds(values.wait) * 1_000 },
      })
      try {
        const options = { legacy: values.legacy, isAsync: values.async }
        const { result: status, removal } = await withResource(world, options, ({ id, config }) => {
          context.writeError(`Provisioned ${id}: ${Object.keys(config).join(', ') || 'no config vars'}\n`)
          return runWith(command, config, interrupts, context)
        })
        const { answer, failure } = removal
        if (answer !== null && (answer.status < 300 || answer.status === 410)) {
          context.writeError('Removed it.\n')
          return status
        }
        context.writeError(
          `It could not be removed: ${answer === null ? failure : `answered ${answer.status}`}\n`,
        )
        return status === 0 ? 1 : status
      } finally {
        await world.clear()
        await world.close()
      }
    } catch (error) {
      if (!(error instanceof CannotRun || error instanceof CannotPlay)) throw error
      context.writeError(`${error.message}\n`)
      return 2
    } finally {
      interrupts.stop()
    }
  },
}

function splitAtDashes(args: string[]): { own: string[]; command: string[] } {
  const at = args.indexOf('--')
  return at === -1 ? { own: args, command: [] } : { own: args.slice(0, at), command: args.slice(at + 1) }
}

interface Interrupts {
  /** The first that arrived. */
  signal: NodeJS.Signals | null
  /** Receives the signals while it runs. */
  child: ChildProcess | null
  stop(): void
}

/** From now on a signal ends the command, not this process, which has a resource to remove. */
function watchSignals(): Interrupts {
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      interrupts.signal ??= signal
      // At a terminal, Ctrl-C reaches the command directly.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) interrupts.child?.kill(signal)
    }
    process.on(signal, handler)
    return () => process.off(signal, handler)
  })
  const interrupts: Interrupts = {
    signal: null,
    child: null,
    stop() {
      for (const remove of handlers) remove()
    },
  }
  return interrupts
}

/** Resolves with the exit status as a shell would report it. */
function runWith(
  [file = '', ...args]: string[],
  config: Record<string, string>,
  interrupts: Interrupts,
  { environment, writeError }: CommandContext,
): Promise<number> {
  const { signal } = interrupts
  if (signal !== null) return Promise.resolve(statusOf(signal))
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...environment, ...config } })
    interrupts.child = child
    child.once('error', (error: NodeJS.ErrnoException) => {
      writeError(`${file} cannot be run: ${error.code}\n`)
      resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE)
    })
    child.once('exit', (code, by) => {
      interrupts.child = null
      resolve(by === null ? (code ?? 1) : statusOf(by))
    })
  })
}

function statusOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
