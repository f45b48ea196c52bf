// What the demo prints once everything runs. Pure.

export interface DemoFacts {
  signInUrl: string
  publicUrl: string
  /** The simulated api.heroku.com, and the API key of its customer. */
  platformOrigin: string
  customerKey: string
  resourceName: string
  resourceId: string
  /** The app that owns the resource, and the one that it is also attached to. */
  app: string
  attachedApp: string
  drainToken: string
  addonId: string
  password: string
  /** A uuid for another resource. */
  anotherId: string
  /** Now, in the format of a frame. */
  time: string
  backlogLines: number
  linesPerSecond: number
}

export function demoText(facts: DemoFacts): string {
  const { signInUrl, publicUrl, resourceId } = facts
  const line = `<190>1 ${facts.time} host app web.1 - hello from curl`
  return `
Open this to sign in, as a click in the Heroku dashboard would:

  ${signInUrl}

The service is at ${publicUrl}. A simulated Heroku has provisioned the resource
${facts.resourceName} on it; ${facts.backlogLines} lines of the last minutes are stored, and about
${facts.linesPerSecond} more arrive each second, with bursts, crashes and deploys. The resource belongs to the app
${facts.app} and is attached to ${facts.attachedApp} too, which the service finds out by itself:
each line in JSON names its app.

To try by hand, in another terminal:

  # Check its health.
  curl -i ${publicUrl}/healthz

  # Send a line, as Logplex does.
  curl -i ${publicUrl}/drains/${resourceId} \\
    -H 'Content-Type: application/logplex-1' -H 'Logplex-Msg-Count: 1' \\
    -H 'Logplex-Drain-Token: ${facts.drainToken}' \\
    -d '${line.length} ${line}'

  # Sign in and read the newest lines as JSON.
  curl -s -c culvert-cookies.txt -d "$(curl -s ${signInUrl}/form)" ${publicUrl}/sso/login
  curl -s -b culvert-cookies.txt -H 'Accept: application/json' ${publicUrl}/resources/${resourceId}/lines

  # Provision another resource, as Heroku does.
  curl -i -u ${facts.addonId}:${facts.password} ${publicUrl}/heroku/resources \\
    -H 'Content-Type: application/json' -d '{"uuid":"${facts.anotherId}","plan":"test"}'

  # Act as the customer, with Heroku's own command (npm i -g heroku). HOME keeps it out of your settings.
  export HEROKU_HOST=${facts.platformOrigin} HEROKU_API_KEY=${facts.customerKey}
  export HOME=$(mktemp -d) DISABLE_TELEMETRY=true
  heroku addons:attach ${facts.resourceName} -a my-other-app
  heroku drains -a my-other-app

Ctrl-C stops it all.
`
}
