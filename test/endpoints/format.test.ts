// Format strings: every directive, what is refused, and what holds for any format and any line.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileFormat } from '../../src/endpoints/format/compile.ts'
import type { LineFacts } from '../../src/endpoints/line-facts.ts'
import { Refusal } from '../../src/endpoints/refusal.ts'
import { line, routerLine, SERVICE_ID } from './lines.ts'

const router = routerLine()
const legacy = routerLine({ protocol: 'https', tls: '' })
const plainHttp = routerLine({ protocol: 'http', tls: '' })
const timedOut = routerLine({
  at: 'error',
  code: 'H12',
  desc: '"Request timeout"',
  status: '503',
  bytes: '0',
  connect: '',
})
const aborted = routerLine({ at: 'sock', code: 'H27', status: '499' })
const bare = routerLine({
  path: '/',
  bytes: '',
  status: '',
  connect: '',
  service: '',
  fwd: '',
  protocol: '',
  tls: '',
})
const app = line('Listening on 3000')

const rendering = (version: 1 | 2) => (format: string, of: LineFacts, expected: string) => {
  expect(compileFormat(format, version).render(of), format).toBe(expected)
}

describe('version 2', () => {
  const f = rendering(2)

  it('prints every directive of a request that the router tells', () => {
    f('%%', router, '%')
    f('%a', router, '203.0.113.7')
    f('%A', router, '-')
    f('%B', router, '5421')
    f('%b', router, '5421')
    f('%{session}C', router, '-')
    f('%D', router, '4250000')
    f('%{HOME}e', router, '-')
    f('%f', router, '/cart/items')
    f('%h', router, '203.0.113.7')
    f('%H', router, 'HTTP/1.1')
    f('%{Host}i', router, 'www.example.com')
    f('%{X-Request-Id}i', router, '0d8a7c5e-54f7-4a3f-9f5c-1b3c8f0e9a11')
    f('%{X-Forwarded-For}i', router, '203.0.113.7, 198.51.100.9')
    f('%{User-Agent}i', router, '-')
    f('%I', router, '-')
    f('%k', router, '0')
    f('%l', router, '"-"')
    f('%m', router, 'GET')
    f('%{note}n', router, '-')
    f('%{Content-Length}o', router, '5421')
    f('%{Content-Type}o', router, '-')
    f('%O', router, '5421')
    f('%p', router, '80')
    f('%{canonical}p', router, '443')
    f('%{local}p', router, '443')
    f('%{remote}p', router, '443')
    f('%P', router, '-')
    f('%{tid}P', router, '-')
    f('%q', router, '?sort=price&page=2')
    f('%r', router, 'GET /cart/items?sort=price&page=2 HTTP/1.1')
    f('%R', router, '-')
    f('%s', router, '200')
    f('%>s', router, '200')
    f('%t', router, '[21/Nov/2026:10:00:01 +0000]')
    f('%{%Y-%m-%dT%H:%M:%S%z}t', router, '2026-11-21T10:00:01+0000')
    f('%{begin:%H:%M:%S}t', router, '10:00:01')
    f('%{end:%H:%M:%S}t', router, '10:00:05')
    f('%T', router, '4')
    f('%u', router, '"-"')
    f('%U', router, '/cart/items')
    f('%v', router, 'www.example.com')
    f('%V', router, 'www.example.com')
    f('%{req.url}V', router, '/cart/items?sort=price&page=2')
    f('%X', router, '-')
    f('%X', aborted, 'X')
  })

  it('reads the older router as well', () => {
    f('%H %{local}p', legacy, 'HTTP/1.1 443')
    f('%H %{local}p', plainHttp, 'HTTP/1.1 80')
    f('%H', routerLine({ protocol: 'http2.0' }), 'HTTP/2.0')
  })

  it('prints no bytes as a dash in one directive and as 0 in the other', () => {
    f('%b %B %O', timedOut, '- 0 0')
    f('%>s %D %T', timedOut, '503 4249000 4')
  })

  it('prints a dash for what the line does not say', () => {
    f('%a|%h|%b|%B|%D|%T|%H|%s|%O|%{X-Forwarded-For}i', bare, '-|-|-|-|-|-|-|-|-|-')
    f('[%q] %r', bare, '[] GET /')
  })

  it('prints dashes, and the time, of a line that is no request', () => {
    f('%h %l %u %t "%r" %>s %b', app, '- "-" "-" [21/Nov/2026:10:00:05 +0000] "-" - -')
    f('%v %m %U %q %D %X %{Host}i %{local}p', app, '- - - - - - - -')
  })

  it('prints the default format as endpoints do', () => {
    f(
      '%h %l %u %t "%r" %>s %b',
      router,
      '203.0.113.7 "-" "-" [21/Nov/2026:10:00:01 +0000] "GET /cart/items?sort=price&page=2 HTTP/1.1" 200 5421',
    )
  })

  it('finds a request in the lines of programs, too', () => {
    const rails = line(
      'method=POST path=/orders format=html controller=Orders status=302 user_agent="curl/8"',
    )
    f('%m %U %>s %{User-Agent}i', rails, 'POST /orders 302 curl/8')
    const json = line('{"method":"GET","path":"/x","status":404,"referer":"https://a.example/"}')
    f('"%r" %>s %{Referer}i', json, '"GET /x" 404 https://a.example/')
  })

  it('prints the variables of VCL', () => {
    f('%{client.ip}V', router, '203.0.113.7')
    f('%{req.method}V %{req.request}V %{req.proto}V', router, 'GET GET HTTP/1.1')
    f('%{req.url.path}V?%{req.url.qs}V', router, '/cart/items?sort=price&page=2')
    f('%{req.url.basename}V %{req.url.dirname}V', router, 'items /cart')
    f('%{req.url.ext}V', routerLine({ path: '/a/b.css?x=.js' }), 'css')
    f('%{req.http.host}V %{req.http.Fastly-Client-IP}V', router, 'www.example.com 203.0.113.7')
    f('%{req.service_id}V', router, SERVICE_ID)
    f('%{req.is_ssl}V %{req.protocol}V', router, '1 https')
    f('%{resp.status}V %{resp.response}V', router, '200 OK')
    f(
      '%{resp.http.Content-Length}V %{resp.body_bytes_written}V %{resp.bytes_written}V',
      router,
      '5421 5421 5421',
    )
    f('%{resp.completed}V', aborted, '0')
    f('%{now}V', router, 'Sat, 21 Nov 2026 10:00:05 GMT')
    f('%{time.start}V', router, 'Sat, 21 Nov 2026 10:00:01 GMT')
    f(
      '%{time.start.sec}V %{time.start.msec}V %{time.start.usec}V',
      router,
      '1795255201 1795255201000 1795255201000000',
    )
    f('%{time.start.msec_frac}V %{time.end.msec_frac}V %{time.end.usec_frac}V', router, '000 250 250000')
    f('%{time.elapsed}V %{time.elapsed.sec}V %{time.elapsed.msec}V', router, '4.250 4 4250')
    f('%{time.elapsed.usec}V %{time.elapsed.msec_frac}V', router, '4250000 250')
  })

  it('prints what a line is beside a request', () => {
    const told = line('level=warn user.id=7 disk "nearly full"', { process: 'worker.2', priority: 165 })
    f('%{line.message}V', app, 'Listening on 3000')
    f('%{line.source}V[%{line.process}V] %{line.app}V %{line.drain}V', told, 'app[worker.2] falcon-shop 1')
    f('%{line.level}V %{line.field.user.id}V', told, 'warn 7')
    f('%{line.priority}V %{line.severity}V %{line.facility}V', told, '165 5 20')
    f('%{line.code}V', timedOut, 'H12')
    f('%{line.field.nothing}V', told, '-')
    f('%{line.source}V', line('x', { source: null }), '-')
  })

  it('takes documented variables that no line can tell, and prints a dash', () => {
    f('%{client.geo.country_code}V', router, '-')
    f('%{fastly_info.state}V', router, '-')
    f('%{tls.client.protocol}V', router, '-')
    f('%{server.datacenter}V', router, '-')
    f('%{obj.hits}V', router, '-')
  })

  it('calls the functions of VCL', () => {
    const quoted = line('say "hi"\tto \\ <ünï>')
    f('%{json.escape(line.message)}V', quoted, 'say \\"hi\\"\\tto \\\\ <ünï>')
    f('%{cstr_escape(line.message)}V', quoted, 'say \\"hi\\"\\tto \\\\ <ünï>')
    f('%{xml_escape(line.message)}V', quoted, 'say &#34;hi&#34;\tto \\ &#60;ünï&#62;')
    f('%{urlencode(req.url)}V', router, '%2Fcart%2Fitems%3Fsort%3Dprice%26page%3D2')
    f('%{urldecode("a%2520b")}V', router, 'a b')
    f('%{if(resp.status >= 500, "bad", "good")}V', router, 'good')
    f('%{if(resp.status >= 500, "bad", "good")}V', timedOut, 'bad')
    f('%{if(req.http.Referer, req.http.Referer, "none")}V', router, 'none')
    f('%{if(resp.status, resp.status, "none")}V', router, '200')
    f('%{if(resp.status, resp.status, "none")}V', app, 'none')
    f(
      '%{strftime({"%Y-%m-%d %H:%M"}, time.end)}V'.replace('{"', '\\{"').replace('"}', '"\\}'),
      router,
      '2026-11-21 10:00',
    )
    f('%{regsub(req.url, "\\?.*$", "")}V', router, '/cart/items')
    f('%{regsub(req.url, "^/(\\w+)/(\\w+).*", "\\2 of \\1")}V', router, 'items of cart')
    f('%{regsuball(req.url, "[aeiou]", "*")}V', router, '/c*rt/*t*ms?s*rt=pr*c*&p*g*=2')
    f('%{std.tolower(req.method)}V %{std.toupper("x")}V %{std.strlen("ünï")}V', router, 'get X 5')
    f('%{std.atoi(line.field.bytes)}V %{std.itoa(resp.status)}V', router, '5421 200')
    f(
      '%{substr(req.url, 1, 4)}V %{substr(req.url, 6)}V %{substr(req.method, -2, 2)}V',
      router,
      'cart items?sort=price&page=2 ET',
    )
    f('%{json.escape(req.http.User-Agent)}V', router, '-')
  })

  it('replaces in a whole line of Logplex, and leaves the rest of a line that would take too long', () => {
    const words = 'password=hunter2 '.repeat(588)
    f('%{regsuball(line.message, "\\bpassword=\\S+", "-")}V', line(words), '- '.repeat(588))
    // After each match, this expression reads to the end for the next.
    const slow = '%{regsuball(line.message, "(?:.*z)?", "-")}V'
    const letters = 'a'.repeat(9_000)
    const rendered = compileFormat(slow, 2).render(line(letters))
    expect(rendered).toMatch(/^(?:-a){10,400}a+$/)
    expect(rendered.replaceAll('-', '')).toBe(letters)
    // What one directive has read, the next cannot.
    const twice = compileFormat(`${slow}%{regsuball(line.message, "[a]|b", "b")}V`, 2).render(line(letters))
    expect(twice === rendered + letters).toBe(true)
    const empty = compileFormat(`%{regsuball(line.message, "(a)|(b)", "${'\\2'.repeat(500)}")}V`, 2)
    expect(empty.render(line(letters)).length).toBeGreaterThan(8_000)
  })

  it('joins texts with and without a plus, and reads %22 in one as a quote', () => {
    f('%{"a" + req.method + "b"}V', router, 'aGETb')
    f('%{"a" req.method "b"}V', router, 'aGETb')
    f('%{if(resp.response, "%22"+json.escape(resp.response)+"%22", "null")}V', router, '"OK"')
  })

  it("takes Terraform's own default format, on one line", () => {
    const format = `{
    "timestamp": "%{strftime(\\{"%Y-%m-%dT%H:%M:%S%z"\\}, time.start)}V",
    "client_ip": "%{req.http.Fastly-Client-IP}V",
    "geo_country": "%{client.geo.country_name}V",
    "host": "%{if(req.http.Fastly-Orig-Host, req.http.Fastly-Orig-Host, req.http.Host)}V",
    "url": "%{json.escape(req.url)}V",
    "request_protocol": "%{json.escape(req.proto)}V",
    "request_user_agent": "%{json.escape(req.http.User-Agent)}V",
    "response_state": "%{json.escape(fastly_info.state)}V",
    "response_status": %{resp.status}V,
    "response_reason": %{if(resp.response, "%22"+json.escape(resp.response)+"%22", "null")}V,
    "response_body_size": %{resp.body_bytes_written}V,
    "fastly_is_edge": %{if(fastly.ff.visits_this_service == 0, "true", "false")}V
}`
    expect(JSON.parse(compileFormat(format, 2).render(router))).toEqual({
      timestamp: '2026-11-21T10:00:01+0000',
      client_ip: '203.0.113.7',
      geo_country: '-',
      host: 'www.example.com',
      url: '/cart/items?sort=price&page=2',
      request_protocol: 'HTTP/1.1',
      request_user_agent: '-',
      response_state: '-',
      response_status: 200,
      response_reason: 'OK',
      response_body_size: 5421,
      fastly_is_edge: true,
    })
  })

  it('prints times as C does', () => {
    const at = line('x', { sentAt: '2027-01-03T03:04:09.987654Z' })
    f('%{%a %A %b %B %c}t', at, 'Sun Sunday Jan January Sun Jan  3 03:04:09 2027')
    f('%{%C %d %D %e %F}t', at, '20 03 01/03/27  3 2027-01-03')
    f('%{%g %G %h %H %I %j %k %l}t', at, '26 2026 Jan 03 03 003  3  3')
    f('%{%m %M %n %p %P %r %R}t', at, '01 04   AM am 03:04:09 AM 03:04')
    f('%{%s %S %t %T %u %U %V}t', at, '1798945449 09 \t 03:04:09 7 01 53')
    f('%{%w %W %x %X %y %Y %z %Z %%}t', at, '0 00 01/03/27 03:04:09 27 2027 +0000 GMT %')
  })

  it('leaves an empty format empty', () => f('', router, ''))
})

describe('version 1', () => {
  const f = rendering(1)

  it('prints its seven directives', () => {
    f('%h', router, '203.0.113.7')
    f('%l', router, '"-"')
    f('%u', router, '"-"')
    f('%t', router, 'Sat, 21 Nov 2026 10:00:01 GMT')
    f('%r', router, 'GET /cart/items?sort=price&page=2')
    f('%>s', router, '200')
    f('%b', router, '5421')
    f('%b', timedOut, '0')
    f('%h %r %>s %b', app, '- - - -')
  })

  it('prints variables that stand there as they are', () => {
    f(
      '%h %t %r %>s %b fastly_info.state obj.hits obj.lastuse time.elapsed',
      router,
      '203.0.113.7 Sat, 21 Nov 2026 10:00:01 GMT GET /cart/items?sort=price&page=2 200 5421 - - - 4.250',
    )
    f('req.http.host: line.process, now.', router, 'www.example.com: router, Sat, 21 Nov 2026 10:00:05 GMT.')
    f('status is www.example.com', router, 'status is www.example.com')
  })
})

describe('what is refused', () => {
  const f = (version: 1 | 2, format: string, at: number, reason: string) => {
    const found = refusalOf(format, version)
    expect({ format, at: found?.at, reason: found?.reason }).toEqual({ format, at, reason })
  }

  it('is told with its place and its reason', () => {
    f(2, 'a %z', 2, 'there is no directive "%z"')
    f(2, 'a %', 2, 'a percent sign ends the format; "%%" prints one')
    f(2, '%h %{Host', 3, '"%{" is never closed')
    f(2, '%{Host}', 0, 'a letter is missing behind "}"')
    f(2, '%{Host}z', 0, 'there is no %{…}z')
    f(2, '%i', 0, '%i needs a name: %{name}i')
    f(2, '%<s', 0, 'there is no directive "%<"')
    f(2, '%>b', 0, 'there is no directive "%>"')
    f(2, '%{home}p', 1, 'a port is canonical, local or remote')
    f(2, '%{%Q}t', 2, 'a time has no conversion "%Q"')
    f(2, '%{end:%H%}t', 8, 'a time has no conversion "%"')
    f(2, '%h %{req.htp.x}V', 5, 'there is no variable "req.htp.x"')
    f(2, '%{}V', 2, 'there is nothing here')
    f(2, '%{log("x")}V', 2, 'there is no function "log"')
    f(2, '%{json.escape(req.url}V', 21, '")" is missing here')
    f(2, '%{json.escape()}V', 2, 'json.escape takes 1 argument')
    f(2, '%{strftime(\\{"%Q"\\}, now)}V', 12, 'strftime has no conversion "%Q"')
    f(2, '%{strftime(req.url, now)}V', 11, 'strftime takes a text in quotes here')
    f(2, '%{strftime("%25Y", req.url)}V', 19, 'strftime takes a time here')
    f(2, '%{regsub(req.url, "(", "")}V', 18, 'this is no regular expression (missing closing ): `(`)')
    f(1, '%h %D', 3, 'version 1 knows %h %l %u %t %r %>s %b and no "%D"; version 2 knows more')
    f(1, '%{now}V', 0, 'version 1 knows %h %l %u %t %r %>s %b and no "%{"; version 2 knows more')
  })

  it('names more than so many values, however many expressions they are in', () => {
    expect(refusalOf('%{now}V'.repeat(200), 2)).toBeUndefined()
    expect(refusalOf('%{now}V'.repeat(201), 2)?.reason).toBe('there are more than 200 names and values')
    expect(refusalOf(`%{${'('.repeat(40)}`, 2)?.reason).toBe('"%{" is never closed')
    expect(refusalOf(`%{${'('.repeat(40)}1${')'.repeat(40)}}V`, 2)?.reason).toBe('this is nested too deeply')
  })
})

describe('any format and any line', () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      '%h',
      '%b',
      '%t',
      '%r',
      '%>s',
      '%q',
      '%X',
      '%%',
      '%l',
      '\n',
      '\r\n',
      ' ',
      '{',
      '}',
      '"',
      '\\',
    ),
    fc.constantFrom('%{Host}i', '%{%c%n%s}t', '%{end:%n}t', '%{req.url}V', '%{line.message}V', '%{local}p'),
    fc.constantFrom(
      '%{json.escape(line.message)}V',
      '%{urlencode(line.message)}V',
      '%{now}V',
      '%{line.level}V',
    ),
    fc.constantFrom(
      '%{if(line.field.a, line.field.a, "%0a")}V',
      '%{regsuball(line.message, ".", "\\0\\0")}V',
    ),
    fc.constantFrom(
      '%{substr(line.message, -3, 2)}V',
      '%{std.atoi(line.message)}V',
      '%{urldecode(line.message)}V',
    ),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
  )
  const formats = fc.array(pieces, { maxLength: 12 }).map((list) => list.join(''))
  const messages = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          'method=GET ',
          'path=/%0a ',
          'status=',
          '200 ',
          'fwd="',
          '\n',
          '"',
          'a=\u2028 ',
          '\0',
        ),
        {},
      )
      .map((all) => all.join('')),
    fc.json(),
  )
  const times = fc.constantFrom(
    '1970-01-01T00:00:00.000000Z',
    '2026-11-21T10:00:00.000001Z',
    '+275760-09-13T00:00:00.000000Z',
  )

  it('either refuses the format or renders one line of bounded length', () => {
    fc.assert(
      fc.property(
        formats,
        fc.constantFrom(1 as const, 2 as const),
        messages,
        times,
        (text, version, message, sentAt) => {
          let format: ReturnType<typeof compileFormat>
          try {
            format = compileFormat(text, version)
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal)
            expect((error as Refusal).at).toBeLessThanOrEqual(text.length)
            return
          }
          const rendered = format.render(line(message, { sentAt }))
          expect(rendered).not.toMatch(/[\n\r\v\f\0\u0085\u2028\u2029]/)
          expect(rendered.length).toBeLessThanOrEqual(20_000)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('renders a format that multiplies a long message within its bound', () => {
    const long = line('x'.repeat(100_000))
    const growing = '%{regsuball(urlencode(regsuball(line.message, "x", "%%")), "%", "0123456789")}V'
    expect(compileFormat(growing.repeat(20), 2).render(long).length).toBe(20_000)
  })
})

function refusalOf(format: string, version: 1 | 2): Refusal | undefined {
  try {
    compileFormat(format, version)
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}
