// Bounds the bytes of deliveries that are in memory at once. Each delivery has a charge, and takes from the gate what
// arrives of it, as it arrives, and what it becomes: what only was announced costs nothing. Where there is no room the
// sender is not read any further, so that the rest waits in its socket and not in our memory.
//
// Shared by who sends: a resource may take as much as is free beside it. One that fills its share leaves half of the
// gate to others, two leave a third, and there is always some room for whoever holds little (the dynamic thresholds of
// Choudhury and Hahne, 1998, for the buffers of switches).
//
// Deliveries of which a part is here and the rest finds no room would wait for each other without end. So one of them
// at a time, the one that has waited longest, may take more than there is, until it is through: the gate holds one
// delivery above its limit at the most.

/** A number that stands for who sends. */
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

  /** A charge without any bytes, for a delivery of this owner. */
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

  /** First come first served; one that its own share keeps waiting does not keep the others. */
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

/** What one delivery holds of the gate. */
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

  /** @returns undefined where there is room; else what resolves once there is, and never if the charge is closed before */
  take(bytes: number): Promise<void> | undefined {
    return this.#isClosed ? undefined : this.#gate.take(this, bytes)
  }

  give(bytes: number): void {
    if (!this.#isClosed) this.#gate.give(this, Math.min(bytes, this.bytes))
  }

  /** Takes or gives what is missing to `bytes`. */
  settle(bytes: number): Promise<void> | undefined {
    if (bytes > this.bytes) return this.take(bytes - this.bytes)
    this.give(this.bytes - bytes)
    return undefined
  }

  /** Gives all of it back, once however often it is called. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#gate.close(this)
  }
}
