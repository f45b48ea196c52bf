// Makes Postgres answer any SQLSTATE to who stores deliveries: a trigger raises it for as long as the test says.
import type { TestDatabase } from './database.ts'

export interface DatabaseFaults {
  /**
   * @param code a SQLSTATE
   * @param frameId of the only delivery that fails, 32 hex digits; all of them where it is left out
   */
  begin(code: string, frameId?: string): Promise<void>
  end(): Promise<void>
}

/** @param when in the transaction of a commit: with the first statement that writes, or with the commit itself */
export async function faultsOf(
  { pool }: TestDatabase,
  when: 'write' | 'commit' = 'write',
): Promise<DatabaseFaults> {
  const trigger = when === 'write' ? 'trigger fault before' : 'constraint trigger fault after'
  await pool.query(`
    create table fault (code text not null, frame_key uuid);
    create function fault() returns trigger language plpgsql as $$
      declare fault_code text := (select code from fault where coalesce(frame_key, new.frame_key) = new.frame_key);
      begin
        if fault_code is not null then raise exception 'as ordered' using errcode = fault_code; end if;
        return new;
      end $$;
    create ${trigger} insert on delivery ${when === 'commit' ? 'deferrable initially deferred' : ''}
      for each row execute function fault()`)
  return {
    async begin(code, frameId) {
      await pool.query('insert into fault values ($1, $2)', [code, frameId ?? null])
    },
    async end() {
      await pool.query('delete from fault')
    },
  }
}
