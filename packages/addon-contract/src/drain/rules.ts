// How an add-on must answer Logplex, which knows three kinds of answers: after 2xx the batch is done, after 4xx except
// 429 it is dropped, and anything else uses up one of three tries within milliseconds.
import type { Exchange } from '../exchange.ts'
import { headerValues } from '../exchange.ts'
import { answered, inTime, isSuccess, withAnswer } from '../expect.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import { APP_LOGS, ASYNC, DRAIN_CLIENT, DRAIN_PROTOCOL, DRAIN_SENDER, LOG_DRAINS } from '../sources.ts'
import type { DrainEvidence } from './play.ts'

type E = DrainEvidence

const LOST = 'Logplex drops the batch and never sends it again; the customer sees an L10.'

/** Logplex drops the batch after one request. */
const isFinalRefusal = (status: number) => status >= 400 && status < 500 && status !== 429
const isRedirect = (status: number) => status >= 300 && status < 400

export const DRAIN_RULES: readonly Rule<E>[] = [
  {
    number: 'L01',
    name: 'takes-lines',
    strength: 'must',
    demands: 'Answers 2xx to a batch of lines.',
    otherwise: LOST,
    source: DRAIN_PROTOCOL,
    judge: (evidence) =>
      isRedirect(evidence.ordinary.answer?.status ?? 0)
        ? skip('L02 reports the redirect')
        : taken(({ ordinary }) => ordinary)(evidence),
  },
  {
    number: 'L02',
    name: 'no-redirect',
    strength: 'must',
    demands: 'Does not redirect a delivery.',
    otherwise: 'Logplex does not follow redirects: after three tries the batch is lost.',
    source: DRAIN_SENDER,
    judge: withAnswer(
      ({ ordinary }) => ordinary,
      ({ status, headers }, exchange) =>
        isRedirect(status)
          ? fail(`answered ${status}, to ${headerValues(headers, 'location')[0] ?? 'nowhere'}`, [exchange])
          : pass,
    ),
  },
  {
    number: 'L03',
    name: 'no-chunks',
    strength: 'must',
    demands: 'Answers with a Content-Length, never with chunked encoding.',
    otherwise:
      'Logplex does not decode chunks: it reads them as the next answer, and from then on delivers every batch twice.',
    source: DRAIN_CLIENT,
    judge: withAnswer(
      ({ ordinary }) => ordinary,
      ({ headers }, exchange) =>
        headerValues(headers, 'transfer-encoding').length > 0
          ? fail('the answer is chunked', [exchange])
          : pass,
    ),
  },
  {
    number: 'L04',
    name: 'no-body',
    strength: 'should',
    demands: 'Answers with an empty body.',
    otherwise: 'Logplex ignores it, and Heroku asks for an empty body.',
    source: LOG_DRAINS,
    judge: withAnswer(
      ({ ordinary }) => ordinary,
      ({ body, status }, exchange) =>
        isSuccess(status) && body.length > 0 ? fail(`the body has ${body.length} bytes`, [exchange]) : pass,
    ),
  },
  {
    number: 'L05',
    name: 'keeps-connection',
    strength: 'should',
    demands: 'Keeps the connection open.',
    otherwise: 'Logplex reuses it whatever the answer says, finds it closed, and loses one of three tries.',
    source: DRAIN_CLIENT,
    judge: withAnswer(
      ({ next }) => next,
      ({ headers }, exchange) =>
        headerValues(headers, 'connection').some((value) => value.toLowerCase() === 'close')
          ? fail('the answer says Connection: close', [exchange])
          : pass,
    ),
  },
  {
    number: 'L06',
    name: 'in-time',
    strength: 'must',
    demands: 'Answers within 5 seconds.',
    otherwise: 'Logplex times out, sends the same batch again, and drops it after three tries.',
    source: DRAIN_SENDER,
    judge: ({ ordinary, next, large, drainMs }) => inTime([ordinary, next, large], drainMs),
  },
  {
    number: 'L07',
    name: 'early',
    strength: 'must',
    demands: 'Accepts lines before the resource is ready.',
    otherwise:
      'Logplex starts as soon as Heroku has the address; the first lines, those of the deploy, are lost.',
    source: ASYNC,
    when: 'the provision request is answered 202',
    applies: ({ early }) => early !== null,
    judge: taken(({ early }) => early),
  },
  {
    number: 'L08',
    name: 'repeated',
    strength: 'must',
    demands: 'Answers 2xx to a batch that it already has.',
    otherwise:
      'Logplex repeats a batch that was not answered in time; after a 4xx it reports lines as lost that you have.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ repeated }) => repeated),
  },
  {
    number: 'L09',
    name: 'rewritten',
    strength: 'must',
    demands: 'Answers 2xx to a known frame id with different bytes.',
    otherwise:
      'Logplex writes the line that reports losses again for each try, so that two tries of one batch differ.',
    source: DRAIN_SENDER,
    judge: taken(({ rewritten }) => rewritten),
  },
  {
    number: 'L10',
    name: 'bad-frame',
    strength: 'must',
    demands: 'Answers 2xx to a batch with a malformed frame.',
    otherwise: 'The good lines of the batch are lost with the bad one.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ badFrame }) => badFrame),
  },
  {
    number: 'L11',
    name: 'wrong-count',
    strength: 'must',
    demands: 'Answers 2xx if Logplex-Msg-Count is not the number of lines.',
    otherwise: 'The count is informative; refusing the batch loses its lines.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ wrongCount }) => wrongCount),
  },
  {
    number: 'L12',
    name: 'no-frame-id',
    strength: 'should',
    demands: 'Accepts a batch without Logplex-Frame-Id.',
    otherwise: "Senders other than Logplex, such as Heroku's for Private Spaces, do not send it.",
    source: LOG_DRAINS,
    judge: taken(({ noFrameId }) => noFrameId),
  },
  {
    number: 'L13',
    name: 'unknown-token',
    strength: 'must',
    demands:
      'Answers 4xx, but not 429, to an unknown drain token; an attachable add-on may accept it and ask Heroku whose it is.',
    otherwise:
      "Anyone can write into your customers' logs; and after a 429 or 5xx Logplex sends everything three times.",
    source: APP_LOGS,
    judge: withAnswer(
      ({ unknownToken }) => unknownToken,
      ({ status }, exchange, { addon }) => {
        if (isFinalRefusal(status) || (isSuccess(status) && addon.requires.includes('attachable')))
          return pass
        return fail(`answered ${status}, not 4xx`, [exchange])
      },
    ),
  },
  {
    number: 'L14',
    name: 'no-token',
    strength: 'should',
    demands: 'Answers 2xx or 4xx, but not 429, to a batch without a drain token.',
    otherwise: "Heroku's probe for Private Spaces has none; after an error it is repeated and reported.",
    source: LOG_DRAINS,
    judge: settled(({ noToken }) => noToken),
  },
  {
    number: 'L15',
    name: 'large',
    strength: 'must',
    demands: 'Accepts the largest batch of Logplex: 1,024 lines, more than 100,000 bytes.',
    otherwise: 'Many servers accept 100 kB by default: the batches of the busiest minutes are lost.',
    source: DRAIN_SENDER,
    judge: taken(({ large }) => large),
  },
  {
    number: 'L16',
    name: 'odd-bytes',
    strength: 'must',
    demands: 'Accepts lines with a NUL, half a character or a line end inside.',
    otherwise: 'Apps print such bytes, and databases refuse some of them: one byte loses the whole batch.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ oddBytes }) => oddBytes),
  },
  {
    number: 'L17',
    name: 'empty-line',
    strength: 'must',
    demands: 'Accepts an empty line.',
    otherwise: 'Apps print empty lines.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ emptyMessage }) => emptyMessage),
  },
  {
    number: 'L18',
    name: 'deprovisioned',
    strength: 'must',
    demands: 'Answers 2xx or 4xx, but not 429, for a removed resource.',
    otherwise:
      'Drains outlive their add-on for a while; after any other answer Logplex sends everything three times.',
    source: DRAIN_SENDER,
    judge: settled(({ deprovisioned }) => deprovisioned),
  },
]

function taken(pick: (evidence: E) => Exchange | null): (evidence: E) => Verdict {
  const judge = answered(pick, '2xx', isSuccess)
  return (evidence) => {
    const { answer } = evidence.ordinary
    const isOrdinary = pick(evidence) === evidence.ordinary
    return isOrdinary || (answer !== null && isSuccess(answer.status))
      ? judge(evidence)
      : skip('an ordinary batch is not accepted either')
  }
}

function settled(pick: (evidence: E) => Exchange): (evidence: E) => Verdict {
  return answered(pick, '2xx or 4xx', (status) => isSuccess(status) || isFinalRefusal(status))
}
