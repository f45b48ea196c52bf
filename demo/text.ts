// What the demo prints once everything runs. Pure.

export interface DemoFacts {
  signInUrl: string
  publicUrl: string
  /** The simulated api.heroku.com, and what its customer shows there. */
  platformOrigin: string
  customerKey: string
  resourceName: string
  resourceId: string
  /** The app that the resource was made for, and one that it is attached to. */
  app: string
  attachedApp: string
  drainToken: string
  addonId: string
  password: string
  /** A uuid for a resource that is not there yet. */
  anotherId: string
  /** Now, as a frame writes it. */
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
${facts.resourceName} on it; ${facts.backlogLines} lines of the last minutes are there, and about
${facts.linesPerSecond} more come each second, with bursts, crashes and deploys. The resource belongs to the app
${facts.app} and is attached to ${facts.attachedApp} too, which the service found out by itself:
each line in JSON names its app.

To try by hand, in another terminal:

  # Is it well?
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

  # Be the customer, with Heroku's own command (npm i -g heroku). HOME, so that yours is left alone.
  export HEROKU_HOST=${facts.platformOrigin} HEROKU_API_KEY=${facts.customerKey}
  export HOME=$(mktemp -d) DISABLE_TELEMETRY=true
  heroku addons:attach ${facts.resourceName} -a my-other-app
  heroku drains -a my-other-app

Ctrl-C stops it all.
`
}
