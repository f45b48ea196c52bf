// The sources of the rules: Heroku's documentation if there is any, else the code of Heroku's tools and samples.
import type { Source } from './rule.ts'

const devCenter = (title: string, article: string): Source => ({
  title: `Dev Center: ${title}`,
  url: `https://devcenter.heroku.com/articles/${article}`,
})

export const REFERENCE = devCenter('Add-on Partner API reference', 'add-on-partner-api-reference')
export const LEGACY = devCenter('Legacy Add-on Partner API reference', 'legacy-add-on-partner-api-reference')
export const ASYNC = devCenter(
  'Getting started with asynchronous provisioning',
  'getting-started-with-asynchronous-provisioning',
)
export const ASYNC_DELETE = devCenter(
  'Asynchronous deprovisioning of add-ons',
  'asynchronous-deprovisioning-of-addons',
)
export const PLATFORM = devCenter('Platform API for Partners', 'platform-api-for-partners')
export const PLATFORM_SCHEMA = devCenter('Platform API reference', 'platform-api-reference')
export const MANIFEST = devCenter('Add-on manifest', 'add-on-manifest')
export const SIGN_ON = devCenter('Add-on single sign-on', 'add-on-single-sign-on')
export const WEBHOOKS = devCenter('Add-on webhooks', 'addon-webhooks')
export const APP_LOGS = devCenter('Accessing app logs', 'accessing-app-logs')
export const SHAREABLE = devCenter('Making your add-on shareable', 'making-your-add-on-shareable')
export const LOG_DRAINS = devCenter('Log drains', 'log-drains')

export const DRAIN_PROTOCOL: Source = {
  title: 'heroku/logplex: HTTP drains',
  url: 'https://github.com/heroku/logplex/blob/master/doc/README.http_drains.md',
}
export const DRAIN_SENDER: Source = {
  title: 'heroku/logplex: logplex_http_drain.erl',
  url: 'https://github.com/heroku/logplex/blob/master/src/logplex_http_drain.erl',
}
export const DRAIN_CLIENT: Source = {
  title: 'heroku/logplex: cowboy_client.erl',
  url: 'https://github.com/heroku/logplex/blob/master/src/cowboy_client.erl',
}
export const KENSA: Source = {
  title: 'heroku/kensa: check.rb',
  url: 'https://github.com/heroku/kensa/blob/master/lib/heroku/kensa/check.rb',
}
export const TEMPLATE: Source = {
  title: 'heroku/addon-template',
  url: 'https://github.com/heroku/addon-template',
}
export const SAMPLE: Source = {
  title: 'heroku/sudo-sandwich, the sample of v3',
  url: 'https://github.com/heroku/sudo-sandwich',
}
export const IDENTITY: Source = {
  title: 'heroku/identity',
  url: 'https://github.com/heroku/identity',
}
export const MYLOGGER: Source = {
  title: 'sbosio/mylogger-addon, a logging add-on by a Heroku engineer',
  url: 'https://github.com/sbosio/mylogger-addon',
}
export const AZIMUTT: Source = {
  title: 'azimuttapp/azimutt, an add-on in production',
  url: 'https://github.com/azimuttapp/azimutt',
}
export const OWASP_SESSIONS: Source = {
  title: 'OWASP: session management',
  url: 'https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html',
}
