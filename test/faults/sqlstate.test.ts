// Every class of errors that Postgres may answer (PostgreSQL manual, appendix A, "PostgreSQL Error Codes"; 00 is success).
// For each: what a delivery is answered, and where its lines are afterwards. None that was answered 204 is missing.
//
// `spooled`: the error says nothing about the delivery. With a spool it is answered 204 from there and stored when the
// error is over. Without one it is held, and answered 503 only when it cannot be held any longer.
// `set aside`: the data is refused. With a spool it is answered 204, also where it came to the spool first, set aside in a
// file of its own, tried again by itself, and stored when the error is over. Without one it is answered 503 at once.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, type ExpectStatic, expect, it } from 'vitest'
import { type DatabaseFaults, faultsOf } from '../support/database-faults.ts'
import {
  deliver,
  provision,
  startTestService,
  stopCommits,
  storedMessages,
  type TestResource,
  type TestService,
} from '../support/service.ts'

type Fate = 'spooled' | 'set aside'

const CODES: readonly [code: string, condition: string, fate: Fate][] = [
  ['01000', 'warning', 'spooled'],
  ['02000', 'no_data', 'spooled'],
  ['03000', 'sql_statement_not_yet_complete', 'spooled'],
  ['08006', 'connection_failure', 'spooled'],
  ['09000', 'triggered_action_exception', 'spooled'],
  ['0A000', 'feature_not_supported', 'spooled'],
  ['0B000', 'invalid_transaction_initiation', 'spooled'],
  ['0F000', 'locator_exception', 'spooled'],
  ['0L000', 'invalid_grantor', 'spooled'],
  ['0P000', 'invalid_role_specification', 'spooled'],
  ['0Z000', 'diagnostics_exception', 'spooled'],
  ['10608', 'invalid_argument_for_xquery', 'spooled'],
  ['20000', 'case_not_found', 'spooled'],
  ['21000', 'cardinality_violation', 'spooled'],
  ['22003', 'numeric_value_out_of_range', 'set aside'],
  ['22P05', 'untranslatable_character', 'set aside'],
  ['23502', 'not_null_violation', 'set aside'],
  ['23514', 'check_violation', 'set aside'],
  ['24000', 'invalid_cursor_state', 'spooled'],
  ['25006', 'read_only_sql_transaction', 'spooled'],
  ['26000', 'invalid_sql_statement_name', 'spooled'],
  ['27000', 'triggered_data_change_violation', 'spooled'],
  ['28000', 'invalid_authorization_specification', 'spooled'],
  ['2B000', 'dependent_privilege_descriptors_still_exist', 'spooled'],
  ['2D000', 'invalid_transaction_termination', 'spooled'],
  ['2F000', 'sql_routine_exception', 'spooled'],
  ['34000', 'invalid_cursor_name', 'spooled'],
  ['38000', 'external_routine_exception', 'spooled'],
  ['39000', 'external_routine_invocation_exception', 'spooled'],
  ['3B001', 'invalid_savepoint_specification', 'spooled'],
  ['3D000', 'invalid_catalog_name', 'spooled'],
  ['3F000', 'invalid_schema_name', 'spooled'],
  ['40001', 'serialization_failure', 'spooled'],
  ['42501', 'insufficient_privilege', 'spooled'],
  ['42P01', 'undefined_table', 'spooled'],
  ['44000', 'with_check_option_violation', 'spooled'],
  ['53100', 'disk_full', 'spooled'],
  ['54000', 'program_limit_exceeded', 'spooled'],
  ['55P03', 'lock_not_available', 'spooled'],
  ['57014', 'query_canceled', 'spooled'],
  ['57P04', 'database_dropped', 'spooled'],
  ['58030', 'io_error', 'spooled'],
  ['72000', 'snapshot_too_old', 'spooled'],
  ['F0000', 'config_file_error', 'spooled'],
  ['HV000', 'fdw_error', 'spooled'],
  ['P0001', 'raise_exception', 'spooled'],
  ['XX001', 'data_corrupted', 'spooled'],
]

const CLASSES =
  '01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX'

const AFTER_MS = 100
const HOLD_MS = 1_000
/** Some tries of the replay. */
const FAULT_MS = 500

interface Place {
  service: TestService
  faults: DatabaseFaults
}

/** Two services, each over a database of its own; a test has them for itself. */
interface Lane {
  spooling: Place
  holding: Place
  directory: string
}

/** As many as tests run at once. */
const LANES = 5
const lanes: Lane[] = []
const free: Lane[] = []

async function startPlace(environment: Record<string, string>): Promise<Place> {
  const service = await startTestService(environment)
  return { service, faults: await faultsOf(service.database) }
}

beforeAll(async () => {
  for (let number = 0; number < LANES; number++) {
    const directory = await mkdtemp(join(tmpdir(), 'culvert-spool-'))
    const spool = { SPOOL: 'on', SPOOL_DIRECTORY: directory, SPOOL_AFTER_MS: String(AFTER_MS) }
    lanes.push({
      spooling: await startPlace(spool),
      holding: await startPlace({ DRAIN_HOLD_MS: String(HOLD_MS) }),
      directory,
    })
  }
  free.push(...lanes)
})
afterAll(async () => {
  for (const { spooling, holding, directory } of lanes) {
    await spooling.service.close()
    await holding.service.close()
    await rm(directory, { recursive: true, force: true })
  }
})

async function onLane(work: (lane: Lane) => Promise<void>): Promise<void> {
  const lane = free.pop() as Lane
  try {
    await work(lane)
  } finally {
    await lane.spooling.faults.end()
    await lane.holding.faults.end()
    free.push(lane)
  }
}

/** On a busy machine its time may be over before the fault is: then its sender tries again. */
async function untilAcknowledged(resource: TestResource, message: string): Promise<void> {
  const frameId = randomBytes(16).toString('hex')
  while ((await deliver(resource, message, frameId)).status !== 204) await sleep(50)
}

const status = async (resource: TestResource, message: string) => (await deliver(resource, message)).status
const countersOf = ({ service }: Place) => service.service.drain.counters
const rejectedIn = async (directory: string) =>
  (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.rejected')).length

it('every class is in the table', () => {
  expect([...new Set(CODES.map(([code]) => code.slice(0, 2)))]).toEqual(CLASSES.split(' '))
})

async function spools(
  { spooling, holding, directory }: Lane,
  code: string,
  expect: ExpectStatic,
): Promise<void> {
  const before = { ...countersOf(spooling) }
  const resource = await provision(spooling.service)
  await spooling.faults.begin(code)
  const answers = [await status(resource, '1'), await status(resource, '2'), await status(resource, '3')]
  expect(answers).toEqual([204, 204, 204])
  await sleep(FAULT_MS)
  expect(await storedMessages(spooling.service, resource.id)).toEqual([])
  await spooling.faults.end()
  await expect.poll(() => storedMessages(spooling.service, resource.id)).toEqual(['1', '2', '3'])
  expect(countersOf(spooling).spooled - before.spooled).toBe(3)
  expect(countersOf(spooling).spoolRejected).toBe(before.spoolRejected)
  expect(await rejectedIn(directory)).toBe(0)

  const held = await provision(holding.service)
  await holding.faults.begin(code)
  const started = performance.now()
  expect(await status(held, 'too long')).toBe(503)
  expect(performance.now() - started).toBeGreaterThanOrEqual(HOLD_MS - 50)
  const late = untilAcknowledged(held, 'in time')
  await sleep(200)
  await holding.faults.end()
  await late
  const stored = (await storedMessages(holding.service, held.id)).filter((message) => message === 'in time')
  expect(stored).toHaveLength(1)
}

async function setsAside(
  { spooling, holding, directory }: Lane,
  code: string,
  expect: ExpectStatic,
): Promise<void> {
  const before = { ...countersOf(spooling) }
  const resource = await provision(spooling.service)
  const letCommit = await stopCommits(spooling.service.database)
  expect(await status(resource, 'to the spool first')).toBe(204)
  await spooling.faults.begin(code)
  await letCommit()
  await expect.poll(() => rejectedIn(directory)).toBe(1)
  expect(await status(resource, 'refused at once')).toBe(204)
  await expect.poll(() => rejectedIn(directory)).toBe(2)
  await expect
    .poll(spooling.service.service.drain.levels)
    .toMatchObject({ spoolBytes: 0, spoolRejectedFiles: 2 })
  expect(await storedMessages(spooling.service, resource.id)).toEqual([])
  await spooling.faults.end()
  await expect
    .poll(() => storedMessages(spooling.service, resource.id), { timeout: 15_000 })
    .toEqual(['to the spool first', 'refused at once'])
  expect(countersOf(spooling).spoolRejected - before.spoolRejected).toBe(2)
  expect(countersOf(spooling).spoolRejectedStored - before.spoolRejectedStored).toBe(2)
  expect(await rejectedIn(directory)).toBe(0)

  const held = await provision(holding.service)
  await holding.faults.begin(code)
  expect(await status(held, 'refused')).toBe(503)
  await holding.faults.end()
  await untilAcknowledged(held, 'taken')
  expect(await storedMessages(holding.service, held.id)).toEqual(['taken'])
}

it.concurrent.for(CODES)('%s %s: a delivery is %s', { timeout: 60_000 }, ([code, , fate], { expect }) =>
  onLane((lane) => (fate === 'spooled' ? spools(lane, code, expect) : setsAside(lane, code, expect))),
)
