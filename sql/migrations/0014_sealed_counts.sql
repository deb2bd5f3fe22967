-- Days that are over, with their hourly counts put together, so that thirty days are thirty rows to read and not some
-- ten thousands. New tables: nothing is locked that anybody uses. The worker fills them; until then, and of a day that
-- somebody has written to since, the hourly counts themselves are read.

-- A day is sealed as long as nothing was written to its hourly counts: a trigger on them takes the seal off, in the
-- transaction that writes, whichever version of the program does. It spans tenants, and says nothing of them.
create table sealed_day (
    day        date primary key,
    is_sealed  boolean not null,
    -- when it was sealed, or, if it is not, the first change since
    changed_at timestamptz not null
);
grant select on sealed_day to calltrail_app;
grant select, insert, update, delete on sealed_day to calltrail_operator;

-- A tenant's hourly counts of a sealed day; none where the tenant had no calls. Records of 14 bytes, big-endian, those
-- of a kind beside each other: the kind (8: bot << 32 | application << 24 | method << 16 | status code << 1 | is error),
-- the hour of the day (2), the calls (4).
create table sealed_count (
    tenant_id integer not null,
    day       date not null,
    counts    bytea not null constraint sealed_count_records check (octet_length(counts) % 14 = 0),
    primary key (tenant_id, day)
);
create index sealed_count_day on sealed_count (day);
-- read whole and often; compressing them saves little room
alter table sealed_count alter column counts set storage external;
alter table sealed_count enable row level security, force row level security;
create policy own_tenant on sealed_count to calltrail_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::integer);
create policy every_tenant on sealed_count to calltrail_operator using (true);
grant select on sealed_count to calltrail_app;
grant select, insert, delete on sealed_count to calltrail_operator;
