// Loaded into the demo's service process in front of it: when the demo is gone, however it went, the service ends as
// if it had been asked to. Ctrl-C does not reach it by itself, as it does not belong to the terminal.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // The listener alone must not keep the service alive.
  process.channel.unref()
}
