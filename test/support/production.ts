// What production demands of its settings, for tests that start the service as in production.
export const PRODUCTION: Record<string, string> = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://culvert.example.com',
  ADDON_ID: 'culvert',
  ADDON_PASSWORD: 'a password of production',
  ADDON_SSO_SALT: 'a salt of production',
  SECRET_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
}
