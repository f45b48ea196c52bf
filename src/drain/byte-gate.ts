// Bounds the bytes of deliveries in memory. Each delivery has a charge, which grows with what arrives and with what it
// becomes; an announced length costs nothing. Without room the sender is not read further, so the rest waits in its
// socket instead of our memory.
//
// A fair share for each resource: it may take as much as is free besides its own. One greedy resource leaves half of the
// gate to others, two leave a third, and a resource that holds little always finds room (the dynamic thresholds of Choudhury
// and Hahne, 1998, for the buffers of switches).
//
// Partly received deliveries without room would wait for each other for ever. So one at a time, the one that has waited
// longest, may exceed the limit until it is finished: the gate holds at most one delivery above its limit.

/** Identifies the sender: a resource. */
type Owner = number

interface Waiting {
  charge: Charge
  bytes: number
  resolve(): void
}

export class ByteGate {
  readonly limitBytes: number
  readonly #byOwner = new Map<Owner, number>()
  readonly #waiting = new Set<Waiting>()
  #held = 0
  #overdrawn: Charge | null = null

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get heldBytes(): number {
    return this.#held
  }

  /** An empty charge for a delivery of this owner. */
  open(owner: Owner): Charge {
    return new Charge(this, owner)
  }

  /** @internal */
  take(charge: Charge, bytes: number): Promise<void> | undefined {
    if (this.#hasRoom(charge, bytes) || this.#mayOverdraw(charge)) {
      this.#add(charge, bytes)
      return undefined
    }
    return new Promise((resolve) => {
      charge.waiting = { charge, bytes, resolve }
      this.#waiting.add(charge.waiting)
    })
  }

  /** @internal */
  give(charge: Charge, bytes: number): void {
    this.#add(charge, -bytes)
    this.#admit()
  }

  /** @internal */
  close(charge: Charge): void {
    if (charge.waiting !== null) this.#waiting.delete(charge.waiting)
    if (this.#overdrawn === charge) this.#overdrawn = null
    this.give(charge, charge.bytes)
  }

  #hasRoom(charge: Charge, bytes: number): boolean {
    const own = this.#byOwner.get(charge.owner) ?? 0
    return charge === this.#overdrawn || own + bytes <= this.limitBytes - this.#held
  }

  #mayOverdraw(charge: Charge): boolean {
    if (this.#overdrawn !== null) return false
    this.#overdrawn = charge
    return true
  }

  #add(charge: Charge, bytes: number): void {
    this.#held += bytes
    charge.bytes += bytes
    const own = (this.#byOwner.get(charge.owner) ?? 0) + bytes
    if (own === 0) this.#byOwner.delete(charge.owner)
    else this.#byOwner.set(charge.owner, own)
  }

  /** First come, first served; a charge that waits for its own share does not block the others. */
  #admit(): void {
    for (const waiting of this.#waiting) {
      if (this.#held >= this.limitBytes && this.#overdrawn !== null) return
      const { charge, bytes, resolve } = waiting
      if (!this.#hasRoom(charge, bytes) && !this.#mayOverdraw(charge)) continue
      this.#waiting.delete(waiting)
      charge.waiting = null
      this.#add(charge, bytes)
      resolve()
    }
  }
}

/** The bytes that one delivery holds. */
export class Charge {
  readonly owner: Owner
  /** @internal Of the gate. */
  bytes = 0
  /** @internal Of the gate. */
  waiting: Waiting | null = null
  readonly #gate: ByteGate
  #isClosed = false

  constructor(gate: ByteGate, owner: Owner) {
    this.#gate = gate
    this.owner = owner
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @returns undefined if there is room; otherwise a promise that resolves once there is, or never if the charge is closed */
  take(bytes: number): Promise<void> | undefined {
    return this.#isClosed ? undefined : this.#gate.take(this, bytes)
  }

  give(bytes: number): void {
    if (!this.#isClosed) this.#gate.give(this, Math.min(bytes, this.bytes))
  }

  /** Takes or gives the difference to `bytes`. */
  settle(bytes: number): Promise<void> | undefined {
    if (bytes > this.bytes) return this.take(bytes - this.bytes)
    this.give(this.bytes - bytes)
    return undefined
  }

  /** Gives everything back. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#gate.close(this)
  }
}
