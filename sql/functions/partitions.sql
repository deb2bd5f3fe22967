-- Life of a day's partitions. Names are <parent>_<yyyymmdd>.

-- Makes the leaves of one day, if they are missing, and gives the writer its rights on them. A leaf is made apart and
-- then attached: attaching takes SHARE UPDATE EXCLUSIVE on the parent, where "create … partition of" would stop readers.
create or replace function calltrail_create_day(day date) returns boolean
    language plpgsql
    set search_path = public, pg_temp
    as $$
declare
    suffix text := to_char(day, 'YYYYMMDD');
    made boolean := false;
    parent text;
    leaf text;
begin
    perform pg_advisory_xact_lock(hashtext('calltrail.partitions'));
    foreach parent in array array['call_log', 'call_body', 'call_count'] loop
        leaf := parent || '_' || suffix;
        if exists (select from pg_inherits
                   where inhparent = parent::regclass and inhrelid = to_regclass(leaf) and not inhdetachpending) then
            continue;
        end if;
        -- left over from an interrupted life: not attached, so nobody can read it
        if to_regclass(leaf) is not null then
            raise exception 'table % exists but is no partition of %', leaf, parent
                using errcode = 'object_not_in_prerequisite_state', hint = 'the retention duty removes it';
        end if;
        execute format('create table %I (like %I including defaults including constraints including storage)', leaf, parent);
        -- a superuser may migrate, but the owner of the parent must be able to detach and drop
        execute format('alter table %I owner to %I', leaf,
                       (select pg_get_userbyid(relowner) from pg_class where oid = parent::regclass));
        if parent = 'call_body' then
            -- payloads are compressed already
            execute format('alter table %I alter column payload set storage external', leaf);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, leaf, day, day + 1);
        else
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, leaf,
                           to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
        end if;
        execute format('grant insert on %I to calltrail_writer', leaf);
        if parent = 'call_log' then
            execute format('grant select (tenant_id, occurred_at, id) on %I to calltrail_writer', leaf);
        elsif parent = 'call_count' then
            -- counts grow in place: room on the page keeps the update off the index
            execute format('alter table %I set (fillfactor = 75)', leaf);
            execute format('grant select, update (entries) on %I to calltrail_writer', leaf);
        end if;
        made := true;
    end loop;
    return made;
end
$$;

-- The leaves there are, with their days; pending = a detach was interrupted; attached = false for orphans by name.
create or replace function calltrail_leaves()
    returns table (parent text, leaf text, day date, attached boolean, pending boolean)
    language sql stable
    set search_path = public, pg_temp
    as $$
    select p.parent, c.relname::text, to_date(right(c.relname, 8), 'YYYYMMDD'), i.inhrelid is not null,
           coalesce(i.inhdetachpending, false)
    from (values ('call_log'), ('call_body'), ('call_count'), ('audit_log')) p (parent)
    join pg_class c on c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
                   and c.relname ~ ('^' || p.parent || '_[0-9]{8}$')
    left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = p.parent::regclass
    order by 3, 1
$$;
