-- Sealing the hourly counts of days that are over.

-- Takes the seal off a day whose hourly counts are being written to. The row stays locked until that transaction ends:
-- who writes to the same day meanwhile waits for it, once after each sealing.
create or replace function calltrail_unseal_day() returns trigger
    language plpgsql security definer
    set search_path = public, pg_temp
    as $$
begin
    update sealed_day set is_sealed = false, changed_at = app_now()
    where day = to_date(right(tg_table_name, 8), 'YYYYMMDD') and is_sealed;
    return null;
end
$$;

-- Seals a day. The lock waits for transactions that have written to the day and lets no other begin to, so that the counts
-- are those of everybody who comes before the trigger; readers go on. Nobody writes to days that are over but those who
-- are late, and they wait for as long as reading the day's counts takes. False when the day has no counts to be sealed.
create or replace function calltrail_seal_day(sealed date) returns boolean
    language plpgsql
    set search_path = public, pg_temp
    as $$
declare
    leaf regclass := (
        select c.oid from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'call_count'::regclass and not i.inhdetachpending
          and c.relname = 'call_count_' || to_char(sealed, 'YYYYMMDD'));
begin
    if leaf is null then return false; end if;
    execute format('lock table %s in share row exclusive mode', leaf);
    if not exists (select from pg_trigger where tgrelid = leaf and tgname = 'unseal_day') then
        execute format('create trigger unseal_day after insert or update or delete or truncate on %s
                            for each statement execute function calltrail_unseal_day()', leaf);
    end if;
    delete from sealed_count where day = sealed;
    execute format($statement$
        insert into sealed_count (tenant_id, day, counts)
        select tenant_id, $1,
               string_agg(int8send(kind) || int2send(hour_of_day) || int4send(entries), ''::bytea order by kind, hour_of_day)
        from (select tenant_id, entries, extract(hour from hour at time zone 'UTC')::smallint as hour_of_day,
                     (bot_key::bigint << 32) + (application_code::integer << 24) + (method_code::integer << 16)
                         + (status_code << 1) + is_error::integer as kind
              from %s) counted
        group by tenant_id $statement$, leaf) using sealed;
    insert into sealed_day (day, is_sealed, changed_at) values (sealed, true, app_now())
    on conflict (day) do update set is_sealed = true, changed_at = excluded.changed_at;
    return true;
end
$$;
