-- Share links: a call that somebody outside may look at, who may, and what was done with it. New tables: nothing is
-- locked that anybody uses.

create table share (
    tenant_id         integer not null references tenant,
    -- UUIDv7: their order is that of time
    share_id          uuid not null,
    call_log_id       uuid not null,
    -- where the call stands; it may be gone before the share is
    call_occurred_at  timestamptz not null,
    created_by        uuid not null,
    -- as they were called then: the mail says who shared
    created_by_email  text not null,
    created_by_name   text not null,
    message           text constraint share_message_length check (length(message) between 1 and 1000),
    -- Argon2id
    passphrase_hash   text,
    created_at        timestamptz not null,
    expires_at        timestamptz not null,
    revoked_at        timestamptz,
    primary key (tenant_id, share_id),
    constraint share_expires_later check (expires_at > created_at),
    constraint share_revoked_later check (revoked_at >= created_at)
);
-- how many somebody made within the hour
create index share_newest on share (tenant_id, created_at);
create index share_of_call on share (tenant_id, call_log_id);
create index share_age on share (expires_at);

-- Whom a share is for: each has a link of their own, so that its use tells whose it was. Links are known by their
-- hashes alone.
create table share_recipient (
    tenant_id          integer not null,
    share_id           uuid not null,
    recipient_id       uuid not null,
    email              text not null constraint share_recipient_email_length check (length(email) between 3 and 254),
    state              text not null constraint share_recipient_state_known
                           check (state in ('queued', 'sending', 'uncertain', 'sent', 'failed')),
    -- why it was not sent
    reason             text,
    token_hash         bytea constraint share_recipient_token_length check (length(token_hash) = 32),
    -- of a mail that may have got through though nobody said so: its link is good too
    earlier_token_hash bytea constraint share_recipient_earlier_length check (length(earlier_token_hash) = 32),
    -- tries that may have got through
    uncertainties      smallint not null default 0,
    sent_at            timestamptz,
    -- when the link was first opened
    opened_at          timestamptz,
    last_seen_at       timestamptz,
    -- lines in share_event; what goes on for ever fills no table
    events             integer not null default 0,
    primary key (tenant_id, share_id, recipient_id),
    constraint share_recipient_once unique (tenant_id, share_id, email),
    constraint share_recipient_sent check ((state = 'sent') = (sent_at is not null)),
    constraint share_recipient_sent_link check (state in ('queued', 'failed') or token_hash is not null),
    constraint share_recipient_seen check (opened_at is null or last_seen_at >= opened_at),
    foreign key (tenant_id, share_id) references share on delete cascade
);
-- A link names no tenant. 32 random bytes are unique by themselves; a unique key would have to begin with the tenant.
create index share_recipient_token on share_recipient (token_hash);
create index share_recipient_earlier_token on share_recipient (earlier_token_hash) where earlier_token_hash is not null;

-- What was done with a share, as whoever shared it sees it: kept as long as the share, whatever becomes of the audit log.
create table share_event (
    tenant_id    integer not null,
    share_id     uuid not null,
    event_id     bigint generated always as identity,
    occurred_at  timestamptz not null,
    -- nil for what the sharer did
    recipient_id uuid,
    code         text not null constraint share_event_code_form check (code ~ '^[A-Z]{3}-[0-9]{4}$'),
    what         text not null,
    remote_addr  text,
    primary key (tenant_id, share_id, event_id),
    foreign key (tenant_id, share_id) references share on delete cascade
);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['share', 'share_recipient', 'share_event'] loop
        execute format('alter table %I enable row level security, force row level security', guarded);
        execute format('create policy own_tenant on %I to calltrail_app
                            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::integer)',
                       guarded);
        execute format('create policy every_tenant on %I to calltrail_operator using (true)', guarded);
    end loop;
end
$$;

grant select, insert, update on share, share_recipient to calltrail_app;
grant select, insert on share_event to calltrail_app;
grant select, insert, update, delete on share, share_recipient, share_event to calltrail_operator;
