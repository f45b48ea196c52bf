// The part of npm's logfmt that is compared with. The package brings no types.
declare module 'logfmt' {
  import type { IncomingMessage } from 'node:http'

  const logfmt: {
    /** A middleware for Express: puts the parsed lines into `body`. */
    bodyParser(): (
      request: IncomingMessage & { header(name: string): unknown; body: unknown },
      response: null,
      next: (error?: Error) => void,
    ) => void
  }
  export = logfmt
}
