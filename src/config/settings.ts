// Every setting, declared once: parsing, the log's allow list, docs/settings.md and .env.example are made from this
// table (`npm run docs`). The keys are those of `Config`, so a setting that needs no more than its type is one entry.
import { z } from 'zod'
import { secretKeys } from './secret-keys.ts'
import {
  firstOf,
  flag,
  integer,
  matching,
  megabytes,
  oneOf,
  origin,
  rotatedSecret,
  setting,
  text,
} from './setting.ts'

const service = {
  environment: setting('NODE_ENV', {
    type: oneOf('development', 'production', 'test'),
    default: 'development',
    secret: false,
    doc: '`production` refuses the development secrets and leaves migrations to the release phase.',
  }),
  host: setting('HOST', {
    type: text,
    default: '0.0.0.0',
    secret: false,
    doc: 'The address to listen on.',
  }),
  port: setting('PORT', {
    type: integer(0, 65_535),
    default: '5000',
    secret: false,
    doc: 'The port to listen on; 0 picks a free one.',
  }),
  publicUrl: setting('PUBLIC_URL', {
    type: origin,
    unset: '`http://localhost:$PORT` in development; required in production',
    secret: false,
    doc: 'The origin at which people and Heroku reach this service. Must be https in production.',
  }),
  drainUrl: setting('DRAIN_URL', {
    type: origin,
    unset: '`PUBLIC_URL` as https',
    secret: false,
    doc: 'The origin that Logplex drains to. Must be https: Heroku accepts no other drain.',
  }),
  proxyHops: setting('PROXY_HOPS', {
    type: integer(0, 5),
    unset: '1 in production, 0 in development',
    secret: false,
    doc: 'How many proxies in front of the service append to `X-Forwarded-For`. The client is the address that the outermost of them saw.',
  }),
  logLevel: setting('LOG_LEVEL', {
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    secret: false,
    doc: 'The least severe level that is logged.',
  }),
}

const addon = {
  addon: {
    id: setting('ADDON_ID', {
      type: text,
      unset: 'the `id` in addon-manifest.json; required in production',
      secret: false,
      doc: 'The `id` of your add-on manifest: the user name of Heroku’s Basic auth.',
    }),
    passwords: rotatedSecret('ADDON_PASSWORD', {
      unset: 'the development password in addon-manifest.json; required in production',
      doc: 'The `api.password` of your add-on manifest.',
    }),
    ssoSalts: rotatedSecret('ADDON_SSO_SALT', {
      unset: 'the development salt in addon-manifest.json; required in production',
      doc: 'The `api.sso_salt` of your add-on manifest.',
    }),
  },
  plans: setting('PLANS_FILE', {
    type: text,
    unset: 'the three plans in src/plans.ts',
    secret: false,
    doc: 'A JSON file with your plans: `[{"slug": "test", "dailyBytes": 500000000, "retentionDays": 7}]`.',
  }),
  provisioning: setting('PROVISIONING', {
    type: oneOf('synchronous', 'asynchronous'),
    default: 'synchronous',
    secret: false,
    doc: '`asynchronous` answers a provision with 202 and calls Heroku when the resource is ready. Needs `HEROKU_CLIENT_SECRET`.',
  }),
  brand: {
    name: setting('BRAND_NAME', {
      type: { schema: z.string().trim().min(1).max(40), values: 'up to 40 characters' },
      default: 'Culvert',
      secret: false,
      doc: 'The name of your product on the pages that customers see.',
    }),
    colour: setting('BRAND_COLOUR', {
      type: matching(/^#[0-9a-f]{6}$/i, 'be written as #1f6feb'),
      default: '#0f766e',
      secret: false,
      doc: 'The colour of your product on these pages.',
    }),
  },
  sso: {
    acceptSha1: setting('SSO_ACCEPT_SHA1', {
      type: flag,
      default: 'true',
      secret: false,
      doc: 'Accept a sign-in that carries only Heroku’s older SHA-1 token, which does not cover the person’s identity.',
    }),
    navHeader: setting('HEROKU_NAV_HEADER', {
      type: flag,
      default: 'false',
      secret: false,
      doc: 'Send the navigation header that Heroku deprecated and kensa still requires.',
    }),
  },
  limits: {
    signInsPerMinute: setting('SIGN_INS_PER_MINUTE', {
      type: integer(1),
      default: '60',
      secret: false,
      doc: 'Sign-ins of one client address; more are answered 429. Deliveries are never limited by this.',
    }),
    failedLoginsPerMinute: setting('FAILED_LOGINS_PER_MINUTE', {
      type: integer(1),
      default: '20',
      secret: false,
      doc: 'Failed authentications of one client address; further failures are answered 429, a right credential never is. Deliveries are never limited by this.',
    }),
  },
}

const heroku = {
  oauthClientSecrets: rotatedSecret('HEROKU_CLIENT_SECRET', {
    doc: 'The OAuth client secret of your add-on in the Partner Portal. Without it the service never calls Heroku, and the drains of apps that are attached later stay unknown.',
  }),
  secretKeys: setting('SECRET_KEYS', {
    type: secretKeys,
    unset: 'a published key in development; required in production',
    secret: true,
    doc: 'Keys that seal the secrets in the database, for example `k1:$(openssl rand -base64 32)`. The first key seals, every key opens. Store them apart from the database’s backups: what a lost key sealed is lost.',
  }),
  herokuApiUrl: setting('HEROKU_API_URL', {
    type: origin,
    default: 'https://api.heroku.com',
    secret: false,
    doc: 'The Platform API; another address is for tests.',
  }),
  herokuIdUrl: setting('HEROKU_ID_URL', {
    type: origin,
    default: 'https://id.heroku.com',
    secret: false,
    doc: 'Heroku’s OAuth server; another address is for tests.',
  }),
}

const storage = {
  database: {
    url: setting('DATABASE_URL', {
      type: text,
      unset: 'an embedded Postgres, in development only',
      secret: 'password',
      doc: '`postgres://user:password@host:5432/database`, Postgres 15 or newer.',
    }),
    tls: setting('DATABASE_TLS', {
      type: oneOf('off', 'require', 'verify'),
      unset: 'what `sslmode` in `DATABASE_URL` says; else `require` on Heroku, `off` elsewhere',
      secret: false,
      doc: '`require` encrypts without checking the certificate (Heroku Postgres signs its own); `verify` checks it.',
    }),
    connections: setting('DATABASE_CONNECTIONS', {
      type: integer(3, 500),
      default: '15',
      secret: false,
      doc: 'Most connections of one process, those of the writers included.',
    }),
  },
  dataDirectory: setting('DATA_DIRECTORY', {
    type: text,
    default: 'data',
    secret: false,
    doc: 'Where the embedded Postgres keeps its data, and the spool its segments.',
  }),
  clickhouse: {
    url: setting('CLICKHOUSE_URL', {
      type: matching(/^(https?:\/\/\S+|chdb:\S+)$/, 'be http(s)://… or chdb:./directory'),
      secret: 'password',
      doc: 'Stores the lines in ClickHouse instead of Postgres: `https://user:password@host:8443/database` is a server, `chdb:./directory` its engine inside this process (`npm install chdb`).',
    }),
    cluster: setting('CLICKHOUSE_CLUSTER', {
      type: matching(/^[\w-]+$/, 'be a name of letters, digits, _ and -'),
      secret: false,
      doc: 'The name of the ClickHouse cluster in its `remote_servers`, if it is one.',
    }),
    /** `only`: the move is over, or there was none. */
    mode: setting('CLICKHOUSE_MODE', {
      type: oneOf('fill', 'read', 'only'),
      default: 'only',
      secret: false,
      doc: 'For the move from Postgres: `fill` stores lines in both and reads Postgres, `read` stores them in both and reads ClickHouse.',
    }),
  },
}

const deliveries = {
  drain: {
    /** Logplex gives up after 5 s. */
    holdMs: setting('DRAIN_HOLD_MS', {
      type: integer(100, 4_500),
      default: '4000',
      secret: false,
      doc: 'Longest time in milliseconds that a delivery waits for its commit before it is answered 503.',
    }),
    bodyLimitBytes: setting('DRAIN_BODY_LIMIT_MB', {
      type: megabytes,
      default: '10',
      secret: false,
      doc: 'Largest body, before and after decompression.',
    }),
    queueLimitBytes: setting('DRAIN_QUEUE_LIMIT_MB', {
      type: megabytes,
      default: '64',
      secret: false,
      doc: 'Deliveries in memory at once, decompressed; beyond it the rest waits in sockets. A resource alone may take half.',
    }),
    writers: setting('DRAIN_WRITERS', {
      type: integer(1, 16),
      default: '2',
      secret: false,
      doc: 'Concurrent commits of one process.',
    }),
  },
  spool: {
    on: setting('SPOOL', {
      type: {
        schema: z.enum(['on', 'off']).transform((value) => value === 'on'),
        values: '`on`, `off`',
      },
      unset: '`off` on a Heroku dyno, whose disk does not survive it; `on` elsewhere',
      secret: false,
      doc: 'Keep deliveries on local disk while the database is slow or unavailable.',
    }),
    directory: setting('SPOOL_DIRECTORY', {
      type: text,
      unset: '`$DATA_DIRECTORY/spool`',
      secret: false,
      doc: 'A local disk that outlives the process. Services on one machine may share it: each database has a directory of its own below it.',
    }),
    limitBytes: setting('SPOOL_LIMIT_MB', {
      type: megabytes,
      default: '512',
      secret: false,
      doc: 'Largest spool of one process. When it is full, deliveries are held and then answered 503. Deliveries whose data the database refuses have an eighth of this besides.',
    }),
    afterMs: setting('SPOOL_AFTER_MS', {
      type: integer(10, 3_000),
      default: '600',
      secret: false,
      doc: 'Milliseconds after which a delivery that is not committed goes to the spool.',
    }),
  },
}

const operations = {
  metricsToken: setting('METRICS_TOKEN', {
    type: matching(/^\S{16,}$/, 'have 16 characters or more, and no space'),
    unset: '`/metrics` is off in production, and open to this machine and its private network in development',
    secret: true,
    doc: 'The bearer token with which Prometheus reads `/metrics`.',
  }),
  mail: {
    smtpUrl: setting('SMTP_URL', {
      type: {
        schema: z.url({ protocol: /^smtps?$/, error: 'must be smtp://… or smtps://…' }),
        values: '`smtp://…` or `smtps://…`',
      },
      unset: 'no e-mail is sent',
      secret: true,
      doc: 'The mail server for alerts, `smtp://user:password@host:587`; `smtps:` uses TLS from the start.',
    }),
    from: setting('MAIL_FROM', {
      type: matching(/^(?:[^\r\n<]*<)?[^\s@<>]+@[^\s@<>]+>?$/, 'be an e-mail address, or "Name <address>"'),
      secret: false,
      doc: 'The sender of these e-mails. Set together with `SMTP_URL`.',
    }),
  },
}

export const platform = {
  build: {
    commit: firstOf(['HEROKU_BUILD_COMMIT', 'HEROKU_SLUG_COMMIT', 'SOURCE_VERSION'], {
      type: text,
      unset: 'the commit that `npm run build` recorded',
      secret: false,
      doc: 'The commit that runs, as `/healthz` and `culvert --version` show it. Heroku sets the first two with dyno metadata, the last during a build.',
    }),
  },
  dyno: setting('DYNO', {
    type: text,
    secret: false,
    doc: 'The name of the dyno. Its presence means that `DATABASE_URL` is a Heroku Postgres and that the disk does not stay.',
  }),
}

/** In the order of the docs. */
export const SECTIONS = {
  'The service': service,
  'The add-on': addon,
  'Calling Heroku': heroku,
  Storage: storage,
  Deliveries: deliveries,
  'Metrics and e-mail': operations,
  'Set by the platform': platform,
}

export const settings = {
  ...service,
  ...addon,
  ...heroku,
  ...storage,
  ...deliveries,
  ...operations,
  ...platform,
}
