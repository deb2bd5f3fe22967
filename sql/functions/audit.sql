-- The audit log's chain. The canonical form is defined here and, for verifying without trusting the database, once more in
-- the program (AuditRecord); a test holds the two together.

-- Makes the audit log's leaf of one day, if it is missing; see calltrail_create_day. Nobody has any right on it.
create or replace function calltrail_create_audit_day(day date) returns boolean
    language plpgsql
    set search_path = public, pg_temp
    as $$
declare
    leaf text := 'audit_log_' || to_char(day, 'YYYYMMDD');
begin
    perform pg_advisory_xact_lock(hashtext('calltrail.partitions'));
    if exists (select from pg_inherits
               where inhparent = 'audit_log'::regclass and inhrelid = to_regclass(leaf) and not inhdetachpending) then
        return false;
    end if;
    if to_regclass(leaf) is not null then
        raise exception 'table % exists but is no partition of audit_log', leaf
            using errcode = 'object_not_in_prerequisite_state', hint = 'the retention duty removes it';
    end if;
    execute format('create table %I (like audit_log including defaults including constraints including storage)', leaf);
    execute format('alter table %I owner to %I', leaf,
                   (select pg_get_userbyid(relowner) from pg_class where oid = 'audit_log'::regclass));
    execute format('alter table audit_log attach partition %I for values from (%L) to (%L)', leaf,
                   to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
    return true;
end
$$;

-- Lets nothing more into a day that is about to be archived and dropped. A trigger, because making one stops no reader.
create or replace function calltrail_audit_day_is_closed() returns trigger
    language plpgsql
    set search_path = pg_catalog
    as $$
begin
    raise exception 'the day of this audit entry is being taken away' using errcode = 'object_not_in_prerequisite_state';
end
$$;

-- The canonical form is PostgreSQL's binary form of a row: the number of columns, and for each its type's number, its length
-- (-1 for null) and its bytes, all numbers in network order. So no two entries look alike, one call of a C function makes it
-- (20 concatenations took 8 times as long), and a client that selects the same row gets these very bytes. Texts are in UTF-8
-- as long as the client's encoding is, and times are microseconds since 2000-01-01 UTC.

-- What stands in a hash for values that may have to be erased; null where there are none.
create or replace function calltrail_audit_commitment(salt uuid, fields bytea) returns bytea
    language sql immutable parallel safe
    return sha256(uuid_send(salt) || fields);

create or replace function calltrail_audit_link(state bytea, first_prev bytea, fields bytea) returns bytea
    language plpgsql immutable parallel safe
    as $$
begin
    return sha256(coalesce(state, first_prev) || fields);
end
$$;

-- As a window function: the hash of each entry in turn, from the hash before the first one and each one's fields.
create or replace aggregate calltrail_audit_hash(first_prev bytea, fields bytea) (
    sfunc = calltrail_audit_link, stype = bytea
);

-- Appends entries to the chains of their tenants, in the order given. Runs with the owner's rights: nobody else may write to
-- the log. Chains are locked in one order, so that two of these never wait for each other; one that changes a tenant's data as
-- well calls this last.
create or replace function calltrail_audit_append(
    tenants integer[], times timestamptz[], ids uuid[], codes text[], methods text[], paths text[], queries text[],
    content_types text[], related_models text[], relation_keys text[], apikey_ids uuid[], user_ids uuid[],
    remote_addrs text[], senders text[], "values" text[], datas text[], statuses smallint[], request_ids text[])
    returns void
    language plpgsql security definer
    set search_path = public, pg_temp
    as $$
declare
    day date;
begin
    if 'calltrail_app' in (session_user, current_setting('role'))
       and exists (select from unnest(tenants) t
                   where t is distinct from nullif(current_setting('app.tenant_id', true), '')::integer) then
        raise exception 'an audit entry of another tenant' using errcode = 'insufficient_privilege';
    end if;
    if pg_client_encoding() <> 'UTF8' then
        raise exception 'audit entries need the client encoding UTF8' using errcode = 'feature_not_supported';
    end if;
    -- one that nobody made ahead
    for day in select distinct (t at time zone 'UTC')::date from unnest(times) t loop
        if not exists (select from pg_inherits
                       where inhparent = 'audit_log'::regclass and not inhdetachpending
                         and inhrelid = to_regclass('audit_log_' || to_char(day, 'YYYYMMDD'))) then
            perform calltrail_create_audit_day(day);
        end if;
    end loop;
    insert into audit_chain (tenant_id) select distinct t from unnest(tenants) t
        where not exists (select from audit_chain c where c.tenant_id = t) order by 1
        on conflict do nothing;
    perform from audit_chain where tenant_id = any(tenants) order by tenant_id for update;
    with given as materialized (
        select g.*, c.hash as first_prev, c.seq + row_number() over (partition by g.tenant_id order by g.place) as seq,
               case when num_nonnulls(g.user_id, g.remote_addr, g.sender) > 0 then gen_random_uuid() end as who_salt,
               case when num_nonnulls(g.query, g.value, g.data) > 0 then gen_random_uuid() end as what_salt
        from unnest(tenants, times, ids, codes, methods, paths, queries, content_types, related_models, relation_keys,
                    apikey_ids, user_ids, remote_addrs, senders, "values", datas, statuses, request_ids) with ordinality
            as g (tenant_id, occurred_at, audit_id, code, method, path, query, content_type, related_model, relation_key,
                  apikey_id, user_id, remote_addr, sender, value, data, status, request_id, place)
        join audit_chain c on c.tenant_id = g.tenant_id
    ), committed as materialized (
        select g.*,
               case when g.who_salt is not null
                    then calltrail_audit_commitment(g.who_salt, record_send(row(g.user_id, g.remote_addr, g.sender))) end as who,
               case when g.what_salt is not null
                    then calltrail_audit_commitment(g.what_salt, record_send(row(g.query, g.value, g.data))) end as what
        from given g
    ), chained as materialized (
        select g.*, calltrail_audit_hash(
                   g.first_prev,
                   record_send(row(g.tenant_id, g.seq, g.occurred_at, g.audit_id, g.code, g.method, g.path, g.content_type,
                                   g.related_model, g.relation_key, g.apikey_id, g.status, g.request_id, g.who, g.what))
               ) over chain as hash
        from committed g
        window chain as (partition by g.tenant_id order by g.seq rows unbounded preceding)
    ), stored as (
        insert into audit_log (tenant_id, occurred_at, seq, audit_id, code, method, path, query, content_type, related_model,
                               relation_key, apikey_id, user_id, remote_addr, sender, value, data, status, request_id,
                               who_salt, what_salt, prev_hash, hash)
        select tenant_id, occurred_at, seq, audit_id, code, method, path, query, content_type, related_model,
               relation_key, apikey_id, user_id, remote_addr, sender, value, data, status, request_id, who_salt, what_salt,
               coalesce(lag(hash) over (partition by tenant_id order by seq), first_prev), hash
        from chained
    )
    update audit_chain c set seq = l.seq, hash = l.hash
    from (select distinct on (tenant_id) tenant_id, seq, hash from chained order by tenant_id, seq desc) l
    where c.tenant_id = l.tenant_id;
end
$$;

-- A query with its letters, digits and signs as they are; other bytes stay encoded.
create or replace function calltrail_audit_plain_query(query text) returns text
    language sql immutable parallel safe strict
    set search_path = pg_catalog
    as $$
    select case when strpos(query, '%') = 0 then query else (
        select string_agg(coalesce(chr(('x' || m[1])::bit(8)::integer), m[2]), '' order by place)
        from regexp_matches(query, '%([2-7][0-9A-Fa-f])|([^%]+|%)', 'g') with ordinality as found (m, place)) end
$$;

-- A pattern for an address as a whole, not as a part of a longer one, in texts in lower case.
create or replace function calltrail_address_pattern(email text) returns text
    language sql immutable parallel safe strict
    set search_path = pg_catalog
    as $$
    select '(?<![a-z0-9._%+-])' || regexp_replace(lower(email), '([.^$*+?()\[\]{}|\\-])', '\\\1', 'g') || '(?![a-z0-9-]|\.[a-z0-9])'
$$;

-- Erases what tells of one person from the entries of some days: everything about who and what where they acted, what alone
-- where somebody else's entry speaks of them. The commitments stay. Returns the number of entries.
create or replace function calltrail_audit_erase(
    tenant integer, from_time timestamptz, to_time timestamptz, persons uuid[], email text) returns bigint
    language plpgsql security definer
    set search_path = public, pg_temp
    as $$
declare
    erased bigint := 0;
    step bigint;
    source regclass;
    pattern text := calltrail_address_pattern(email);
begin
    if pg_client_encoding() <> 'UTF8' then
        raise exception 'audit entries need the client encoding UTF8' using errcode = 'feature_not_supported';
    end if;
    foreach source in array array['audit_log'::regclass, 'audit_restored'::regclass] loop
        execute format($sql$
            update %s a set
                who_hash = case when m.acted
                                then coalesce(a.who_hash, calltrail_audit_commitment(a.who_salt, record_send(row(a.user_id, a.remote_addr, a.sender))))
                                else a.who_hash end,
                user_id = case when not m.acted then a.user_id end,
                remote_addr = case when not m.acted then a.remote_addr end,
                sender = case when not m.acted then a.sender end,
                who_salt = case when not m.acted then a.who_salt end,
                what_hash = coalesce(a.what_hash, calltrail_audit_commitment(a.what_salt, record_send(row(a.query, a.value, a.data)))),
                query = null, value = null, data = null, what_salt = null
            from (
                select tenant_id, occurred_at, seq,
                       coalesce(user_id = any($4), false) or coalesce(lower(sender) ~ $5, false) as acted
                from %s
                where tenant_id = $1 and occurred_at >= $2 and occurred_at < $3
                  and num_nonnulls(who_salt, what_salt) > 0
                  and (user_id = any($4) or lower(sender) ~ $5 or lower(value) ~ $5 or lower(data) ~ $5
                       or lower(calltrail_audit_plain_query(query)) ~ $5)
            ) m
            where a.tenant_id = m.tenant_id and a.occurred_at = m.occurred_at and a.seq = m.seq
            $sql$, source, source)
            using tenant, from_time, to_time, persons, pattern;
        get diagnostics step = row_count;
        erased := erased + step;
    end loop;
    return erased;
end
$$;

do $$
declare
    guarded regprocedure;
begin
    foreach guarded in array (select array_agg(oid::regprocedure) from pg_proc
                              where pronamespace = 'public'::regnamespace
                                and proname in ('calltrail_audit_append', 'calltrail_audit_erase')) loop
        execute format('revoke execute on function %s from public', guarded);
        execute format('grant execute on function %s to calltrail_operator', guarded);
    end loop;
    execute format('grant execute on function %s to calltrail_app, calltrail_writer',
                   (select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace
                                                            and proname = 'calltrail_audit_append'));
end
$$;
