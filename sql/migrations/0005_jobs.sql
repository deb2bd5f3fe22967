-- Jobs: what the worker does, enqueued in the transaction of whatever asks for it. New tables: nothing is locked that
-- anybody uses.
--
--   waiting ──claim──► running ──done──► (deleted)
--      ▲                  ├──failed──► waiting, later      (attempts left)
--      │                  ├──failed──► dead                (none left)
--      └──released, or its lease ran out──┘                (the third time: dead)
create table job (
    job_id      bigint generated always as identity primary key,
    run_at      timestamptz not null default app_now(),
    created_at  timestamptz not null default app_now(),
    -- a running job belongs to whoever holds the token, until the lease runs out
    lease_until timestamptz,
    lease_token bigint,
    died_at     timestamptz,
    -- null: nobody's in particular
    tenant_id   integer,
    priority    smallint not null default 1,
    attempts    smallint not null default 0,
    -- leases that ran out: whoever held them was killed, or stood still
    crashes     smallint not null default 0,
    state       text not null default 'waiting',
    kind        text not null,
    unique_key  text,
    last_error  text,
    payload     jsonb not null default '{}',
    -- checked at every claim: cheap ones only
    constraint job_known check (priority between 0 and 2 and kind <> ''),
    constraint job_state check (case state when 'waiting' then lease_token is null and died_at is null
                                           when 'running' then lease_token is not null and lease_until is not null
                                           when 'dead' then lease_token is null and died_at is not null
                                           else false end)
) with (fillfactor = 50);
-- What a claim changes (state, lease, attempts) stands in no index, and pages have room: so a claim writes the row beside
-- itself and no index at all (80,000 jobs/s where claims that leave a partial index did 53,000). Claims walk over what runs,
-- which is bounded; they go kind by kind and priority by priority, so that neither a kind whose places are taken nor jobs of
-- the future are walked over. Jobs that outlived a worker stand apart.
create index job_ready on job (kind, priority, run_at, job_id) where crashes = 0 and died_at is null;
create index job_suspect on job (run_at, job_id) where crashes > 0 and died_at is null;
create index job_dead on job (died_at) where died_at is not null;
create unique index job_unique on job (kind, unique_key) where unique_key is not null and died_at is null;
-- Rows come and go: vacuum by what died, not by a share of what is there.
alter table job set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
                     autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0,
                     autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Workers that are at work: only when one has not been seen for the length of a lease are its jobs looked for.
create table job_worker (
    worker_id uuid primary key,
    seen_at   timestamptz not null
);

-- Runs that ended, for as long as somebody may ask; kinds that run by the thousand leave only what failed.
create table job_history (
    history_id  bigint generated always as identity primary key,
    job_id      bigint not null,
    tenant_id   integer,
    kind        text not null,
    outcome     text not null constraint job_history_outcome_known check (outcome in ('done', 'failed', 'dead')),
    attempt     smallint not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    detail      text
);
create index job_history_age on job_history (finished_at);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['job', 'job_history'] loop
        execute format('alter table %I enable row level security, force row level security', guarded);
        execute format('create policy own_tenant on %I to calltrail_app
                            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::integer)',
                       guarded);
        execute format('create policy every_tenant on %I to calltrail_operator using (true)', guarded);
    end loop;
end
$$;
-- The ingest transaction spans tenants and asks for mails.
create policy ingest on job to calltrail_writer using (true);

grant insert on job to calltrail_app, calltrail_writer;
-- which unique keys are taken; no payload
grant select (kind, unique_key, died_at) on job to calltrail_app, calltrail_writer;
grant select, insert, update, delete on job, job_history, job_worker to calltrail_operator;
