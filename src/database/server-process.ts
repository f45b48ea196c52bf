// One running Postgres server as a process: its start under a guard, its end, its log. Knows nothing of who asked
// for it, of clusters being made, or of what is in them.
import { type ChildProcess, spawn } from 'node:child_process'
import { type Account, asAccount, runAsAccount } from './account.ts'

export interface ServerProcess {
  /** Settled once the server and its guard are gone; gives the exit code, null after a signal. */
  readonly exited: Promise<number | null>
  /** Tells the guard to end the server; waits for that. */
  stop(): Promise<void>
}

export interface ServerProcessOptions {
  account: Account
  binDirectory: string
  clusterDirectory: string
  socketDirectory: string
  logPath: string
  /** name=value, as for `postgres -c`. */
  settings: readonly string[]
}

/** SIGINT, a fast shutdown with a checkpoint; then SIGQUIT, at once, recovered at the next start; then SIGKILL. */
const FAST_SHUTDOWN_SECONDS = 20
const QUIT_SECONDS = 5
const STOP_TIMEOUT_MS = (FAST_SHUTDOWN_SECONDS + QUIT_SECONDS + 10) * 1_000
const LOG_TAIL_LINES = 12

/**
 * The guard. Its stdin is a pipe from us: it ends when we do, in whatever way, SIGKILL included, and then the guard
 * ends the server. That is all there is to it: no exit hook in Node could do as much.
 *
 * Arguments: log, socket directory, seconds of patience twice, then the server's command line. It ignores the
 * signals that a service manager sends to every process, so that the service flushes before its database goes;
 * Postgres sets handlers of its own. SIGUSR1 ends a watcher that still waits for our end, after the server's.
 */
const GUARD = `
log=$1 sockets=$2 fast=$3 quit=$4; shift 4
trap '' HUP INT TERM
if [ -f "$log" ]; then mv -f "$log" "$log.1"; fi
umask 077
exec 3<&0 </dev/null >"$log" 2>&1
"$@" 3<&- &
server=$!
wait_gone() {
  tenths=$(($1 * 10))
  while [ $tenths -gt 0 ] && kill -0 $server 2>/dev/null; do sleep 0.1; tenths=$((tenths - 1)); done
  ! kill -0 $server 2>/dev/null
}
{
  while read -r line <&3; do :; done
  trap '' USR1
  kill -INT $server
  wait_gone $fast || { kill -QUIT $server; wait_gone $quit; } || kill -KILL $server
} &
watcher=$!
exec 3<&-
wait $server
code=$?
kill -USR1 $watcher
wait $watcher
rm -rf "$sockets"
exit $code
`

export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  const {
    file,
    args,
    options: spawnOptions,
  } = asAccount(options.account, [
    'sh',
    '-c',
    GUARD,
    'culvert-postgres-guard',
    options.logPath,
    options.socketDirectory,
    String(FAST_SHUTDOWN_SECONDS),
    String(QUIT_SECONDS),
    `${options.binDirectory}/postgres`,
    '-D',
    options.clusterDirectory,
    ...options.settings.flatMap((setting) => ['-c', setting]),
  ])
  // A session of its own: Ctrl-C in the terminal reaches us, and Postgres only once we are done with it.
  const child = spawn(file, args, { ...spawnOptions, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  // A program that has nothing left to do ends, although its database is running.
  child.unref()
  const pipe = child.stdin as NonNullable<ChildProcess['stdin']> & { unref?: () => void }
  pipe.unref?.()
  pipe.on('error', () => {})

  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  exited.catch(() => {})
  return {
    exited,
    async stop() {
      pipe.destroy()
      child.ref()
      const timer = setTimeout(() => killGroup(child), STOP_TIMEOUT_MS)
      await exited.catch(() => {}).finally(() => clearTimeout(timer))
    },
  }
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Gone in the meantime.
  }
}

/** The last lines of the server's log, as a paragraph to append to an error's sentence. */
export function logTail(account: Account, logPath: string): string {
  const { stdout } = runAsAccount(account, ['tail', '-n', String(LOG_TAIL_LINES), logPath])
  const lines = (stdout ?? '').trimEnd()
  return lines === '' ? '' : ` The last lines of ${logPath}:\n${lines}`
}
