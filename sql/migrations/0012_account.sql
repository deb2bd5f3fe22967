-- Sessions that people can name, and how verifying the audit log last went. A column on a small table, and a new table: locks are
-- held for milliseconds.

-- A session as its person sees it: the id is no secret, the token's hash stays unseen.
alter table session add column session_id uuid not null default gen_random_uuid();

-- The last verification of each tenant's audit log: that it was asked for, and what it found.
create table audit_verification (
    tenant_id       integer primary key references tenant,
    requested_at    timestamptz not null,
    requested_by    text not null,
    -- of the last one that came to its end
    finished_at     timestamptz,
    entries         bigint,
    covered_through date,
    uncovered       bigint,
    -- the first break; none when the log was intact
    break_kind      text,
    break_seq       bigint,
    break_day       date,
    break_detail    text,
    constraint audit_verification_finished
        check ((finished_at is null) = (entries is null) and (finished_at is null) = (uncovered is null)),
    constraint audit_verification_break
        check ((break_kind is null) = (break_seq is null) and (break_kind is null) = (break_detail is null))
);
alter table audit_verification enable row level security, force row level security;
create policy own_tenant on audit_verification to calltrail_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::integer);
create policy every_tenant on audit_verification to calltrail_operator using (true);
grant select, insert, update on audit_verification to calltrail_app, calltrail_operator;

grant delete on invitation to calltrail_operator;
