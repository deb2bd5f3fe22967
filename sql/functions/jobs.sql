-- What the death of a job means to those who wait for it.

-- Closes the ledger's lines of jobs that died outside their kind's own code: whose worker was lost time and again, or whose
-- last attempt could not even be noted. Nobody is left to wonder why nothing came.
create or replace function calltrail_close_ledger(dead bigint[]) returns void
    language plpgsql
    set search_path = public, pg_temp
    as $$
begin
    update notification n
    set state = case when n.uncertainties > 0 or n.state in ('sending', 'uncertain') then 'uncertain' else 'dead' end,
        reason = 'given up: ' || left(coalesce(j.last_error, ''), 450)
    from job j
    where j.job_id = any(dead) and j.died_at is not null and n.tenant_id = j.tenant_id
      and n.notification_id = case when j.kind in ('mail_notification', 'hook_notification')
                                   then (j.payload ->> 'notification')::uuid end
      and n.state in ('queued', 'sending', 'uncertain');
    -- a decision that was never taken; the id is a UUIDv7, as all of the ledger's
    insert into notification (tenant_id, notification_id, event, subject_key, channel, recipient, state, reason, bot_key)
    select j.tenant_id,
           (lpad(to_hex((extract(epoch from app_now()) * 1000)::bigint), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
           'first_error', 'first_error:' || (j.payload ->> 'botKey') || ':' || (j.payload ->> 'openedAt'), 'mail', 'everybody',
           'dead', 'given up: ' || left(coalesce(j.last_error, ''), 450), (j.payload ->> 'botKey')::integer
    from job j
    where j.job_id = any(dead) and j.died_at is not null and j.kind = 'first_error' and j.tenant_id is not null
    on conflict (tenant_id, subject_key, channel, recipient) do nothing;
    insert into notification (tenant_id, notification_id, event, subject_key, channel, recipient, state, reason)
    select j.tenant_id,
           (lpad(to_hex((extract(epoch from app_now()) * 1000)::bigint), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
           'reauthorise', lower(j.payload ->> 'connection') || ':' || (j.payload ->> 'change') || ':' || (j.payload ->> 'at'),
           'mail', 'everybody', 'dead', 'given up: ' || left(coalesce(j.last_error, ''), 450)
    from job j
    where j.job_id = any(dead) and j.died_at is not null and j.kind = 'connection_notice' and j.tenant_id is not null
    on conflict (tenant_id, subject_key, channel, recipient) do nothing;
end
$$;
