-- First-error cycles, who is told, and the ledger of every decision. New tables: nothing is locked that anybody uses.

-- One row a bot: the cycle that its last alerted error opened. While it is open no further error opens another.
create table error_cycle (
    tenant_id         integer not null,
    bot_key           integer not null,
    opened_at         timestamptz not null,
    until             timestamptz not null,
    -- the error that opened it
    entry_id          uuid not null,
    entry_occurred_at timestamptz not null,
    -- the cycle before, whose count stands in the next mail
    previous_entry_occurred_at timestamptz,
    previous_opened_at timestamptz,
    previous_until     timestamptz,
    primary key (tenant_id, bot_key),
    constraint error_cycle_ends_later check (until > opened_at),
    constraint error_cycle_previous check ((previous_opened_at is null) = (previous_until is null)
                                           and (previous_opened_at is null) = (previous_entry_occurred_at is null))
);

-- What a tenant's owners have set; without a row, the defaults.
create table notification_setting (
    tenant_id         integer primary key references tenant,
    first_error_roles text[] not null,
    reauthorise_roles text[] not null,
    quiet_from        time,
    quiet_to          time,
    quiet_time_zone   text,
    updated_at        timestamptz not null default app_now(),
    constraint notification_setting_roles check (
        first_error_roles <@ '{owner,supervisor,bot_builder,agent}' and reauthorise_roles <@ '{owner,supervisor,bot_builder,agent}'),
    constraint notification_setting_quiet_hours check (
        (quiet_from is null) = (quiet_to is null) and (quiet_from is null) = (quiet_time_zone is null)
        and quiet_from is distinct from quiet_to or quiet_from is null)
);

-- What a person has switched off for themselves; without a row, nothing.
create table notification_preference (
    tenant_id   integer not null references tenant,
    user_id     uuid not null references app_user,
    first_error boolean not null default true,
    reauthorise boolean not null default true,
    updated_at  timestamptz not null default app_now(),
    primary key (tenant_id, user_id)
);

-- Webhooks and chat hooks. The address of a chat hook is a secret, as is what a webhook is signed with: both are sealed.
create table notification_channel (
    tenant_id       integer not null references tenant,
    channel_id      uuid not null,
    kind            text not null constraint notification_channel_kind_known check (kind in ('webhook', 'slack')),
    name            text not null constraint notification_channel_name_length check (length(name) between 1 and 200),
    -- what people may see of the address: scheme and host
    host            text not null,
    sealed_url      bytea not null,
    sealed_secret   bytea,
    events          text[] not null constraint notification_channel_events_known check (events <@ '{first_error,reauthorise}'),
    failures        integer not null default 0 constraint notification_channel_failures check (failures >= 0),
    failing_since   timestamptz,
    last_ok_at      timestamptz,
    disabled_at     timestamptz,
    disabled_reason text,
    created_by      uuid,
    created_at      timestamptz not null default app_now(),
    primary key (tenant_id, channel_id),
    constraint notification_channel_secret check ((kind = 'webhook') = (sealed_secret is not null)),
    constraint notification_channel_disabled check ((disabled_at is null) = (disabled_reason is null)),
    constraint notification_channel_failing check ((failures = 0) = (failing_since is null))
);

-- The ledger: every decision to tell somebody something, or not to, with its reason.
create table notification (
    tenant_id       integer not null references tenant,
    notification_id uuid not null,
    event           text not null constraint notification_event_known check (event in ('first_error', 'reauthorise', 'test')),
    -- what it is about, the same for everybody who is told of it; a decision is taken once for each of them
    subject_key     text not null,
    -- how: mail, webhook, slack; none where the decision was not about a recipient
    channel         text not null constraint notification_channel_known check (channel in ('mail', 'webhook', 'slack', 'none')),
    -- whom: an address, or the name of a hook
    recipient       text not null default '',
    user_id         uuid,
    channel_id      uuid,
    state           text not null constraint notification_state_known
                        check (state in ('queued', 'sending', 'sent', 'uncertain', 'suppressed', 'dead')),
    reason          text not null,
    -- stays the same however often it is tried: by it the other side knows a repeat
    message_id      text,
    bot_key         integer,
    entry_id        uuid,
    -- what the message needs to know besides
    facts           jsonb not null default '{}',
    attempts        smallint not null default 0,
    -- times that the message may have got through though nobody said so
    uncertainties   smallint not null default 0,
    created_at      timestamptz not null default app_now(),
    due_at          timestamptz,
    sent_at         timestamptz,
    opened_at       timestamptz,
    primary key (tenant_id, notification_id),
    constraint notification_once unique (tenant_id, subject_key, channel, recipient)
);
create index notification_age on notification (created_at);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['error_cycle', 'notification_setting', 'notification_preference', 'notification_channel',
                                   'notification'] loop
        execute format('alter table %I enable row level security, force row level security', guarded);
        execute format('create policy own_tenant on %I to calltrail_app
                            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::integer)',
                       guarded);
        execute format('create policy every_tenant on %I to calltrail_operator using (true)', guarded);
    end loop;
end
$$;
-- The ingest transaction opens cycles, of several tenants, and notes which errors were kept quiet.
create policy ingest on error_cycle to calltrail_writer using (true);
create policy ingest on notification to calltrail_writer using (true);

grant select on error_cycle, notification_setting, notification_preference, notification_channel, notification to calltrail_app;
grant insert, update on notification_setting, notification_preference, notification to calltrail_app;
grant insert, update, delete on notification_channel to calltrail_app;
grant select, insert, update, delete on error_cycle, notification_setting, notification_preference, notification_channel,
    notification to calltrail_operator;
grant select, insert, update on error_cycle to calltrail_writer;
grant insert on notification to calltrail_writer;
grant select (tenant_id, subject_key, channel, recipient) on notification to calltrail_writer;
