import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ByteGate, type Charge } from '../../src/drain/byte-gate.ts'

const [HOG, OTHER, THIRD] = [1, 2, 3]

/** Whether it was taken by now. */
async function isTaken(room: Promise<void> | undefined): Promise<boolean> {
  if (room === undefined) return true
  return Promise.race([
    room.then(() => true),
    new Promise<boolean>((done) => setImmediate(() => done(false))),
  ])
}

/** A gate in which one delivery is above the limit already: only what fits is taken. */
function fullGate(limitBytes: number): { gate: ByteGate; above: Charge } {
  const gate = new ByteGate(limitBytes)
  const above = gate.open(99)
  void above.take(limitBytes + 1)
  void above.settle(0)
  return { gate, above }
}

it('holds nothing for a delivery of which nothing has arrived', () => {
  const gate = new ByteGate(100)
  for (let n = 0; n < 1_000; n++) gate.open(HOG)
  expect(gate.heldBytes).toBe(0)
  expect(gate.open(OTHER).take(100)).toBeUndefined()
})

it('makes what does not fit wait, first come first served', async () => {
  const { gate } = fullGate(100)
  const [first, second] = [gate.open(1), gate.open(2)]
  expect(first.take(50)).toBeUndefined()
  expect(second.take(50)).toBeUndefined()
  const order: string[] = []
  for (const name of ['a', 'b', 'c']) {
    void gate
      .open(3)
      .take(20)
      ?.then(() => order.push(name))
  }
  expect(gate.heldBytes).toBe(100)
  first.close()
  await new Promise(setImmediate)
  expect(order).toEqual(['a'])
  second.close()
  await new Promise(setImmediate)
  expect(order).toEqual(['a', 'b', 'c'])
})

it('leaves half of it to others, however much one has to send', async () => {
  const { gate } = fullGate(100)
  const hog = Array.from({ length: 10 }, () => gate.open(HOG))
  const taken = await Promise.all(hog.map((charge) => isTaken(charge.take(10))))
  expect(taken.filter((one) => one)).toHaveLength(5)
  const others = Array.from({ length: 10 }, () => gate.open(OTHER))
  expect(others.filter((charge) => charge.take(1) === undefined)).toHaveLength(10)
  expect(gate.open(THIRD).take(20)).toBeUndefined()
})

it('lets one delivery at a time take more than there is, so that half of many do not wait for each other', async () => {
  const gate = new ByteGate(100)
  const charges = [gate.open(1), gate.open(1), gate.open(1)]
  // Each of them sends 80 bytes.
  for (const charge of charges) void charge.take(20)
  const rest = charges.map((charge) => charge.take(60))
  expect(await Promise.all(rest.map(isTaken))).toEqual([true, false, false])
  charges[0]?.close()
  expect(await Promise.all(rest.map(isTaken))).toEqual([true, true, false])
  charges[1]?.close()
  expect(await Promise.all(rest.map(isTaken))).toEqual([true, true, true])
})

it('takes a delivery that is larger than all of it, alone', async () => {
  const gate = new ByteGate(100)
  const large = gate.open(HOG)
  expect(large.take(1_000)).toBeUndefined()
  const small = gate.open(OTHER).take(1)
  expect(await isTaken(small)).toBe(false)
  large.close()
  expect(await isTaken(small)).toBe(true)
})

it('forgets one that waited and left', async () => {
  const { gate } = fullGate(100)
  const held = gate.open(1)
  void held.take(50)
  const left = gate.open(1)
  const never = left.take(40)
  left.close()
  held.close()
  expect(await isTaken(never)).toBe(false)
  expect(gate.heldBytes).toBe(0)
  expect(left.take(10)).toBeUndefined()
  expect(gate.heldBytes).toBe(0)
})

it('holds what its charges hold, and nothing in the end, whatever they do', () => {
  const step = fc.record({
    charge: fc.nat(7),
    does: fc.constantFrom('take', 'give', 'settle', 'close'),
    bytes: fc.nat(150),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const gate = new ByteGate(100)
      const charges = Array.from({ length: 8 }, (_, at) => gate.open(at >> 1))
      for (const { charge: at, does, bytes } of steps) {
        const charge = charges[at] as Charge
        // One thing at a time, as for a delivery.
        if (charge.waiting === null || does === 'close') void charge[does](bytes)
        expect(gate.heldBytes).toBe(charges.reduce((sum, one) => sum + (one.isClosed ? 0 : one.bytes), 0))
      }
      for (const charge of charges) charge.close()
      expect(gate.heldBytes).toBe(0)
    }),
  )
})
