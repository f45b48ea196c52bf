// Removes the directory of a run whose process is gone, however it ended: a shell that waits for the end of a pipe.
import { spawn } from 'node:child_process'

/** Postgres and the children end within this time, and may still write until then. */
const SECONDS = 60
const SCRIPT = `
trap '' HUP INT TERM
cat >/dev/null
tries=0
while [ -e "$1" ] && [ $tries -lt ${SECONDS} ]; do rm -rf "$1"; sleep 1; tries=$((tries + 1)); done
`

export function removeWhenGone(directory: string): void {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'culvert-bench-guard', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.unref()
  const pipe = child.stdin as typeof child.stdin & { unref?(): void }
  pipe.on('error', () => {})
  pipe.unref?.()
}
