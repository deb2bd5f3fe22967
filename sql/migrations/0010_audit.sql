-- The audit log: who did what, when, with which key; and what shows that nobody altered it. New tables: nothing is locked that
-- anybody uses.

-- Entries, partitioned by UTC day. Each tenant's entries are a chain: seq has no gaps, and hash covers prev_hash and the entry
-- in a canonical form (see calltrail_audit_append). What tells of a person enters the hash by two commitments, each a hash over a
-- random salt and the values: who (user, address, sender) and what (query, value, data). Erasing nulls values and salt and keeps
-- the commitment, so the chain verifies ever after and nobody can guess the values back.
-- Fixed-width columns first, widest first: a row carries no padding.
create table audit_log (
    occurred_at   timestamptz not null,
    seq           bigint not null constraint audit_log_seq_positive check (seq > 0),
    audit_id      uuid not null,
    apikey_id     uuid,
    user_id       uuid,
    who_salt      uuid,
    what_salt     uuid,
    tenant_id     integer not null,
    status        smallint,
    code          text not null constraint audit_log_code_form check (code ~ '^[A-Z]{3}-[0-9]{4}$'),
    method        text,
    -- without its query
    path          text,
    query         text,
    content_type  text,
    related_model text,
    relation_key  text,
    remote_addr   text,
    -- the contract's "from"
    sender        text,
    value         text,
    data          text,
    request_id    text,
    prev_hash     bytea not null constraint audit_log_prev_hash_length check (octet_length(prev_hash) = 32),
    hash          bytea not null constraint audit_log_hash_length check (octet_length(hash) = 32),
    -- kept in place of what was erased
    who_hash      bytea constraint audit_log_who_hash_length check (octet_length(who_hash) = 32),
    what_hash     bytea constraint audit_log_what_hash_length check (octet_length(what_hash) = 32),
    -- pages walk it, newest first
    primary key (tenant_id, occurred_at, seq),
    constraint audit_log_who check (who_salt is not null or num_nonnulls(user_id, remote_addr, sender) = 0),
    constraint audit_log_what check (what_salt is not null or num_nonnulls(query, value, data) = 0),
    constraint audit_log_who_erased check (who_salt is null or who_hash is null),
    constraint audit_log_what_erased check (what_salt is null or what_hash is null)
) partition by range (occurred_at);
-- the chain in its order, for whoever verifies it
create index audit_log_chain on audit_log (tenant_id, seq);
-- "what did this key do": what people ask first
create index audit_log_key on audit_log (tenant_id, apikey_id, code, occurred_at, seq) where apikey_id is not null;
-- nearly all entries are calls of the API; the few others are found without walking over those
create index audit_log_events on audit_log (tenant_id, code, occurred_at, seq) where code <> 'AAA-0010';

-- The end of each tenant's chain. Whoever appends holds its row until the end of the transaction.
create table audit_chain (
    tenant_id      integer primary key references tenant,
    seq            bigint not null default 0 constraint audit_chain_seq_range check (seq >= 0),
    hash           bytea not null default decode(repeat('00', 32), 'hex')
                       constraint audit_chain_hash_length check (octet_length(hash) = 32),
    -- the last entry that a checkpoint covers
    checkpoint_seq bigint not null default 0 constraint audit_chain_checkpoint_range check (checkpoint_seq between 0 and seq)
);

-- Signed stretches of the chain: consecutive entries of one day. They follow each other without a gap and outlive their
-- days' partitions. A day mostly has one; more when entries of two days came in turns.
create table audit_checkpoint (
    tenant_id       integer not null references tenant,
    first_seq       bigint not null,
    last_seq        bigint not null,
    day             date not null,
    first_prev_hash bytea not null constraint audit_checkpoint_first_hash_length check (octet_length(first_prev_hash) = 32),
    last_hash       bytea not null constraint audit_checkpoint_last_hash_length check (octet_length(last_hash) = 32),
    -- Ed25519
    signature       bytea not null constraint audit_checkpoint_signature_length check (octet_length(signature) = 64),
    key_id          text not null,
    created_at      timestamptz not null default app_now(),
    primary key (tenant_id, first_seq),
    constraint audit_checkpoint_range check (first_seq between 1 and last_seq)
);
create index audit_checkpoint_day on audit_checkpoint (tenant_id, day);

-- Archived days that were brought back for consultation: entries as they were, apart from the live ones.
create table audit_restored (like audit_log including defaults including constraints, primary key (tenant_id, occurred_at, seq));
create index audit_restored_key on audit_restored (tenant_id, apikey_id, code, occurred_at, seq) where apikey_id is not null;

do $$
declare
    guarded text;
begin
    foreach guarded in array array['audit_log', 'audit_chain', 'audit_checkpoint', 'audit_restored'] loop
        execute format('alter table %I enable row level security, force row level security', guarded);
        execute format('create policy own_tenant on %I to calltrail_app
                            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::integer)',
                       guarded);
        execute format('create policy every_tenant on %I to calltrail_operator using (true)', guarded);
    end loop;
end
$$;

-- Nobody may write entries, or the ends of chains: calltrail_audit_append() does, and calltrail_audit_erase().
grant select on audit_log, audit_chain, audit_checkpoint, audit_restored to calltrail_app, calltrail_operator;
grant insert on audit_checkpoint to calltrail_operator;
-- a checkpoint is signed anew when keys are rotated, and never otherwise changed
grant update (signature, key_id) on audit_checkpoint to calltrail_operator;
grant update (checkpoint_seq) on audit_chain to calltrail_operator;
grant insert, delete on audit_restored to calltrail_operator;

-- an invitation's number in the audit log: its link's hash changes with each mail
alter table invitation add column invitation_id uuid not null default gen_random_uuid();
