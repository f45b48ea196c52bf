// Terminal commands that create or change a log endpoint. Pure.

/** What the preview shows. */
export interface Choice {
  /** Null where the resource has none. */
  serviceId: string | null
  /** Of the log endpoint; null for one that is to be made. */
  name: string | null
  format: string
  formatVersion: 1 | 2
}

export function commandsFor(origin: string, { serviceId, name, format, formatVersion }: Choice): string {
  const id = serviceId ?? '$ID'
  // An endpoint that is changed keeps the version that it has.
  const isSaid = name !== null || formatVersion !== 2
  const shape = `--format ${quoted(format)}${isSaid ? ` --format-version ${formatVersion}` : ''}`
  const change =
    name === null
      ? `create --service-id ${id} --version latest --autoclone --name my-app \\\n  --url https://1.us.logplex.io/logs --auth-token t.… \\\n  ${shape}`
      : `update --service-id ${id} --version latest --autoclone --name ${quoted(name)} \\\n  ${shape}`
  return [
    `export FASTLY_API_ENDPOINT=${origin} FASTLY_ACCOUNT_ENDPOINT=${origin} FASTLY_API_TOKEN=culvert_…`,
    ...(serviceId === null ? ['fastly service create --name logs   # prints the $ID'] : []),
    `fastly service logging heroku ${change}`,
    `fastly service version activate --service-id ${id} --version latest`,
  ].join('\n')
}

/** For a shell, whatever is in it. */
function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
