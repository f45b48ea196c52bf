// Addresses in Heroku's dashboard that pages, the API and error messages link to.
export const DASHBOARD_URL = 'https://dashboard.heroku.com'

/** The page of an app's add-ons; the dashboard itself if the app is unknown. */
export function appUrl(app: string | null): string {
  return app === null ? DASHBOARD_URL : `${DASHBOARD_URL}/apps/${encodeURIComponent(app)}/resources`
}
