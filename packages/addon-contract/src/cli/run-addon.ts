// `culvert run`: a command with the config vars of an add-on in its environment, on a resource that is made for it and
// removed behind it.
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

/** As shells have them. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const runAddon: Command = {
  name: 'run',
  summary: 'runs a command with the config vars of an add-on, on a resource made for it',
  help: `culvert run [-f <manifest>] [options] -- <command> [arguments]

Provisions a resource as Heroku does, runs the command with the resource's config vars in its environment, and removes
the resource: also when the command fails, and after Ctrl-C. The add-on has to be running.

  culvert run -- env
  culvert run --plan premium -- npm test

  -f, --file <manifest>   Default: ${MANIFEST_FILE}
  --production            use the production addresses
  --plan <slug>           Default: test
  --id-port, --api-port   where our own id server and Platform API listen, on 127.0.0.1; any free port without.
                          An add-on that answers 202 has to call them: culvert test --help tells how
  --client-secret <text>  what the add-on must show to have its grant exchanged; anything will do without
  --wait <seconds>        how long an add-on that answers 202 may take until it is done, 30 without
  --legacy                provision as kensa did, before version 3
  --async                 with --legacy: the add-on sends what it made to the callback_url

The exit status is the command's. Without one: ${NOT_FOUND} there is no such command, ${NOT_EXECUTABLE} it cannot be run, 2 nothing could be
provisioned and the command was not run, 1 the command did well and the resource could not be removed.
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
      context.writeError('Say what to run, behind two dashes: culvert run -- env\n')
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
  /** The first that came. */
  signal: NodeJS.Signals | null
  /** Who is told of them. */
  child: ChildProcess | null
  stop(): void
}

/** From now on a signal ends the command and not us: we have something to clear up. */
function watchSignals(): Interrupts {
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      interrupts.signal ??= signal
      // Ctrl-C at a terminal reaches the command without us.
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

/** Resolves with the exit status, as a shell would have it. */
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
