-- Connections, the nodes that call with them, what happened to them, and authorisations that people have begun. New tables:
-- nothing is locked that anybody uses.

--   needs_reauth ──ok──► healthy ◄──ok / unavailable──► degraded
--        ▲───────rejected───┴──────────rejected────────────┘          any ◄──► disabled
create table connection (
    tenant_id             integer not null references tenant,
    connection_id         uuid not null,
    name                  text not null constraint connection_name_length check (length(name) between 1 and 200),
    application           text not null constraint connection_application_form check (application ~ '^[a-z][a-z0-9_]{0,31}$'),
    auth                  text not null constraint connection_auth_known check (auth in ('oauth2', 'api_key', 'basic')),
    state                 text not null constraint connection_state_known
                              check (state in ('healthy', 'degraded', 'needs_reauth', 'disabled')),
    state_reason          text,
    state_since           timestamptz not null,
    -- checks in a row that found the application unavailable
    failures              integer not null default 0 constraint connection_failures check (failures >= 0),
    last_checked_at       timestamptz,
    last_ok_at            timestamptz,
    -- what is no secret of the credentials
    settings              jsonb not null default '{}' constraint connection_settings_object check (jsonb_typeof(settings) = 'object'),
    -- credentials and grant as JSON
    sealed_secrets        bytea not null,
    -- raised by every change of the secrets: what was found out with older ones does not count
    grant_version         bigint not null default 1 constraint connection_grant_version_positive check (grant_version > 0),
    -- whose account at the application it is: by its id there, and in words
    account_id            text,
    account_name          text,
    expires_at            timestamptz,
    renew_at              timestamptz,
    next_check_at         timestamptz,
    -- a job holds the check until then
    check_claimed_until   timestamptz,
    -- who buys another access token just now; one at a time, or a refresh token that rotates would be used twice
    refresh_claim         uuid,
    refresh_claimed_until timestamptz,
    -- claims of this version that ran out: whoever held them may have got a grant that was never kept
    refresh_lapsed        uuid[] not null default '{}',
    -- when people were last told that it broke
    told_at               timestamptz,
    -- when a person last gave it what it calls with
    authorised_at         timestamptz,
    created_by            uuid,
    created_at            timestamptz not null default app_now(),
    primary key (tenant_id, connection_id),
    constraint connection_name_once unique (tenant_id, name),
    constraint connection_says_why check ((state = 'healthy') = (state_reason is null)),
    constraint connection_healthy check (state <> 'healthy' or failures = 0 and last_ok_at is not null),
    constraint connection_disabled_rests check (state <> 'disabled' or next_check_at is null),
    constraint connection_check_claim check (check_claimed_until is null or next_check_at is not null),
    constraint connection_refresh_claim check ((refresh_claim is null) = (refresh_claimed_until is null)),
    constraint connection_never_authorised check (
        authorised_at is not null
        or auth = 'oauth2' and state in ('needs_reauth', 'disabled') and next_check_at is null and last_ok_at is null)
);
create index connection_newest on connection (tenant_id, created_at, connection_id);
-- The due ones, by when they may be claimed: a claim moves its rows out of the way of the next one, which would walk over
-- them if next_check_at alone stood here. greatest() passes over nulls.
create index connection_due on connection ((greatest(next_check_at, check_claimed_until))) where next_check_at is not null;
-- for the counts by state
create index connection_by_state on connection (state);
-- Each check writes a row, and what it changes stands in an index.
alter table connection set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Places in bots that call with a connection.
create table connection_node (
    tenant_id     integer not null,
    connection_id uuid not null,
    bot_id        text not null constraint connection_node_bot_length check (octet_length(bot_id) between 1 and 128),
    -- empty where calls name a path alone
    node_id       text not null constraint connection_node_id_length check (octet_length(node_id) <= 128),
    path          text constraint connection_node_path_length check (octet_length(path) <= 4096),
    state         text not null constraint connection_node_state_known check (state in ('attached', 'broken')),
    -- from calls, rather than told
    is_learnt     boolean not null,
    created_at    timestamptz not null default app_now(),
    last_seen_at  timestamptz,
    primary key (tenant_id, connection_id, bot_id, node_id),
    constraint connection_node_learnt_seen check (not is_learnt or last_seen_at is not null),
    foreign key (tenant_id, connection_id) references connection on delete cascade
);

-- What happened to a connection.
create table connection_event (
    tenant_id     integer not null,
    connection_id uuid not null,
    event_id      bigint generated always as identity,
    kind          text not null constraint connection_event_kind_known
                      check (kind in ('created', 'authorised', 'credentials_changed', 'broken', 'degraded', 'recovered',
                                      'disabled', 'enabled')),
    at            timestamptz not null,
    detail        text,
    user_id       uuid,
    primary key (tenant_id, connection_id, event_id),
    foreign key (tenant_id, connection_id) references connection on delete cascade
);
create index connection_event_age on connection_event (at);

-- Authorisations that were begun and whose answer is awaited. The state that the browser carries is known by its hash alone.
create table connection_authorization (
    tenant_id             integer not null,
    state_hash            bytea not null constraint connection_authorization_hash_length check (length(state_hash) = 32),
    connection_id         uuid not null,
    application           text not null,
    -- who began it: a person, who must be the one to end it, or an API key
    user_id               uuid,
    api_key_id            uuid,
    sealed_verifier       bytea not null,
    accepts_other_account boolean not null,
    created_at            timestamptz not null default app_now(),
    expires_at            timestamptz not null,
    primary key (tenant_id, state_hash),
    constraint connection_authorization_begun_by check (num_nonnulls(user_id, api_key_id) = 1),
    constraint connection_authorization_expires_later check (expires_at > created_at),
    foreign key (tenant_id, connection_id) references connection on delete cascade
);
-- The answer names no tenant. 32 random bytes are unique by themselves; a unique key would have to begin with the tenant.
create index connection_authorization_state on connection_authorization (state_hash);
create index connection_authorization_age on connection_authorization (expires_at);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['connection', 'connection_node', 'connection_event', 'connection_authorization'] loop
        execute format('alter table %I enable row level security, force row level security', guarded);
        execute format('create policy own_tenant on %I to calltrail_app
                            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::integer)',
                       guarded);
        execute format('create policy every_tenant on %I to calltrail_operator using (true)', guarded);
    end loop;
end
$$;

grant select, insert, update, delete on connection, connection_node, connection_event, connection_authorization
    to calltrail_app, calltrail_operator;
