// Links that lead people through Heroku's single sign-on to a page of ours. Pure.
import type { LinkTo } from './message.ts'

/**
 * Signs whoever follows the link in at Heroku, which then posts to our /sso/login with the parameters of the link: ours
 * is `path` (Dev Center: add-on single sign-on, "deep links").
 */
const SSO_ORIGIN = 'https://addons-sso.heroku.com'

/**
 * @param app name of an app that the resource is attached to, or null where Heroku never told us. Then the link goes to
 *   our own page, which sends people without a session to their dashboard.
 */
export function herokuLink(publicUrl: string, resourceId: string, app: string | null): LinkTo {
  return (path) =>
    app === null
      ? `${publicUrl}${path}`
      : `${SSO_ORIGIN}/apps/${encodeURIComponent(app)}/addons/${resourceId}?path=${encodeURIComponent(path)}`
}
