// How an add-on must answer Logplex, which knows three kinds of answers: 2xx is done, 4xx but 429 drops the batch for
// good, and anything else costs one of three tries that are over within milliseconds.
import type { Exchange } from '../exchange.ts'
import { headerValues } from '../exchange.ts'
import { answered, inTime, isSuccess, withAnswer } from '../expect.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import { APP_LOGS, ASYNC, DRAIN_CLIENT, DRAIN_PROTOCOL, DRAIN_SENDER, LOG_DRAINS } from '../sources.ts'
import type { DrainEvidence } from './play.ts'

type E = DrainEvidence

const LOST = 'Logplex drops the batch and never sends it again; the customer sees an L10.'

/** Logplex gives the batch up at once, which costs one request. */
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
        ? skip('L02 tells of the redirect')
        : taken(({ ordinary }) => ordinary)(evidence),
  },
  {
    number: 'L02',
    name: 'no-redirect',
    strength: 'must',
    demands: 'Does not redirect a delivery.',
    otherwise: 'Logplex follows none: three tries, and the batch is lost.',
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
    demands: 'Answers with a Content-Length, never in chunks.',
    otherwise:
      'Logplex does not know chunks: it reads them as the next answer, and delivers every batch twice from then on.',
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
    otherwise: 'Nobody reads it, and Heroku asks for none.',
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
    demands: 'Leaves the connection open.',
    otherwise:
      'Logplex uses it again whatever the answer says, finds it closed, and has lost one of three tries.',
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
    otherwise: 'Logplex gives up, sends the same batch again, and after three times drops it.',
    source: DRAIN_SENDER,
    judge: ({ ordinary, next, large, drainMs }) => inTime([ordinary, next, large], drainMs),
  },
  {
    number: 'L07',
    name: 'early',
    strength: 'must',
    demands: 'Takes lines while the resource is still being set up.',
    otherwise:
      'Logplex begins as soon as Heroku has the address; the first lines, with the deploy in them, are lost.',
    source: ASYNC,
    when: 'the provision request is answered 202',
    applies: ({ early }) => early !== null,
    judge: taken(({ early }) => early),
  },
  {
    number: 'L08',
    name: 'repeated',
    strength: 'must',
    demands: 'Answers 2xx to a batch that it has already.',
    otherwise:
      'Logplex repeats what was not answered in time; told 4xx, it reports lines as lost that are there.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ repeated }) => repeated),
  },
  {
    number: 'L09',
    name: 'rewritten',
    strength: 'must',
    demands: 'Answers 2xx to a known frame id whose bytes are others.',
    otherwise:
      'Logplex writes the line that tells of losses anew at each try, so that two tries of one batch differ.',
    source: DRAIN_SENDER,
    judge: taken(({ rewritten }) => rewritten),
  },
  {
    number: 'L10',
    name: 'bad-frame',
    strength: 'must',
    demands: 'Answers 2xx to a batch with a frame that it cannot read.',
    otherwise: 'The good lines of the batch are lost with the bad one.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ badFrame }) => badFrame),
  },
  {
    number: 'L11',
    name: 'wrong-count',
    strength: 'must',
    demands: 'Answers 2xx where Logplex-Msg-Count is not the number of lines.',
    otherwise: 'The count is there to be compared, not to be refused by: the lines are lost.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ wrongCount }) => wrongCount),
  },
  {
    number: 'L12',
    name: 'no-frame-id',
    strength: 'should',
    demands: 'Takes a batch without Logplex-Frame-Id.',
    otherwise: "Other senders than Logplex, Heroku's own for Private Spaces among them, send none.",
    source: LOG_DRAINS,
    judge: taken(({ noFrameId }) => noFrameId),
  },
  {
    number: 'L13',
    name: 'unknown-token',
    strength: 'must',
    demands:
      'Answers 4xx, but not 429, to a drain token that nobody knows; an attachable add-on may take it and ask Heroku whose it is.',
    otherwise:
      "Anybody may write into your customers' logs; and a 429 or 5xx makes Logplex send everything three times.",
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
    otherwise: "Heroku's probe of a Private Space has none; an error there is repeated and reported.",
    source: LOG_DRAINS,
    judge: settled(({ noToken }) => noToken),
  },
  {
    number: 'L15',
    name: 'large',
    strength: 'must',
    demands: 'Takes the largest batch that Logplex makes: 1,024 lines, more than 100,000 bytes.',
    otherwise:
      'Many servers take 100 kB at most unless told otherwise. It is the batches of the busiest minutes that are lost.',
    source: DRAIN_SENDER,
    judge: taken(({ large }) => large),
  },
  {
    number: 'L16',
    name: 'odd-bytes',
    strength: 'must',
    demands: 'Takes lines with NUL, with half a character and with a line end inside.',
    otherwise: 'Apps print such, and databases refuse some of it: one byte costs the whole batch.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ oddBytes }) => oddBytes),
  },
  {
    number: 'L17',
    name: 'empty-line',
    strength: 'must',
    demands: 'Takes an empty line.',
    otherwise: 'Apps print such.',
    source: DRAIN_PROTOCOL,
    judge: taken(({ emptyMessage }) => emptyMessage),
  },
  {
    number: 'L18',
    name: 'deprovisioned',
    strength: 'must',
    demands: 'Answers 2xx or 4xx, but not 429, for a resource that was removed.',
    otherwise:
      'Drains outlive their add-on for a while; anything else makes Logplex send everything three times.',
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
      : skip('not even an ordinary batch is taken')
  }
}

function settled(pick: (evidence: E) => Exchange): (evidence: E) => Verdict {
  return answered(pick, '2xx or 4xx', (status) => isSuccess(status) || isFinalRefusal(status))
}
