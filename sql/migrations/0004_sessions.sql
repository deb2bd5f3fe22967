-- Signing in: sessions, invitations, and what slows down guessing.
-- New tables, and columns with constant defaults on small ones: locks are held for milliseconds.

-- A member may be shut out of one tenant and still belong to others.
alter table membership add column disabled_at timestamptz;

-- The tenant whose owner chose the person's password, until the person chooses one: they may not join another tenant with a
-- password that somebody else knows.
alter table app_user add column password_chosen_by integer;
-- The tenant whose owner was handed the link; nil when it went to the person by mail, or to the operator.
alter table one_time_link add column handed_to integer;

-- Only the hash is kept; the text is the person's. tenant_id is the tenant that the session looks at now.
create table session (
    token_hash   bytea primary key constraint session_hash_length check (length(token_hash) = 32),
    user_id      uuid not null references app_user,
    tenant_id    integer not null references tenant,
    created_at   timestamptz not null default app_now(),
    last_used_at timestamptz not null default app_now(),
    -- of being idle, and of all
    expires_at   timestamptz not null,
    ends_at      timestamptz not null,
    constraint session_expires_before_end check (expires_at <= ends_at)
);
create index session_of_user on session (user_id);
create index session_age on session (expires_at);

-- The link's text begins with the tenant's number, so that it is looked up under the tenant's own key.
create table invitation (
    tenant_id   integer not null references tenant,
    token_hash  bytea not null constraint invitation_hash_length check (length(token_hash) = 32),
    email       text not null constraint invitation_email_form check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and email = lower(email)),
    name        text not null default '',
    role        text not null constraint invitation_role_known check (role in ('owner', 'supervisor', 'bot_builder', 'agent')),
    invited_by  uuid references app_user,
    created_at  timestamptz not null default app_now(),
    expires_at  timestamptz not null,
    accepted_at timestamptz,
    primary key (tenant_id, token_hash)
);

-- Failed sign-ins by account and by address: what makes a thousand guesses take days, on every api process alike.
create table sign_in_throttle (
    subject       bytea primary key,
    failures      integer not null constraint sign_in_throttle_failures check (failures >= 0),
    window_start  timestamptz not null,
    blocked_until timestamptz not null
);

do $$
declare
    guarded text;
begin
    foreach guarded in array array['session', 'sign_in_throttle'] loop
        execute format('alter table %I enable row level security, force row level security', guarded);
        execute format('create policy every_person on %I to calltrail_operator using (true)', guarded);
    end loop;
end
$$;
alter table invitation enable row level security, force row level security;
create policy own_tenant on invitation to calltrail_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::integer);
create policy every_tenant on invitation to calltrail_operator using (true);

grant select, insert, update, delete on session, invitation, sign_in_throttle to calltrail_operator;
grant select on invitation to calltrail_app;
