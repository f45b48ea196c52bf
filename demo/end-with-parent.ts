// Loaded into the service process of the demo before the service: ends it by SIGTERM when the demo is gone, however
// that ended. Ctrl-C does not reach the service, because it is detached from the terminal.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // The listener alone must not keep the process alive.
  process.channel.unref()
}
